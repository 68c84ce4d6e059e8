# SPDX-License-Identifier: BSD-2-Clause
"""examples/fanout: what it adds to fork and exec, and to what commands write."""

import subprocess
import tempfile

import measure as m

STAMP = f'{m.BUILD}/tests/bench/stamp'
JOBS = 50


def alone(prefix, runs):
    """us of fork and exec by itself: until its first line, after its last."""
    child = m.popen([*prefix, STAMP, '-b', str(runs)], stdout=subprocess.PIPE)
    out = child.communicate(timeout=120)[0].decode()
    if child.returncode:
        raise m.Wrong(f'stamp: status {child.returncode}')
    found = {name: float(value) for name, value, _
             in (line.split() for line in out.splitlines())}
    return found['begin'], found['end']


def percentile(values, n):
    values = sorted(values)
    return values[min(len(values) * n // 100, len(values) - 1)]


def read_lines(out):
    """{number: its times in us}, and how late each line was read."""
    said, late = {}, []
    for line in out.splitlines():
        read, number, ns = line.split()
        said.setdefault(int(number[:-1]), []).append(int(ns) / 1e3)
        late.append(float(read) * 1e6 - int(ns) / 1e3)
    return said, late


def read_log(path):
    """{number: (began, ended)} in us."""
    runs = {}
    with open(path, encoding='ascii') as f:
        for line in f:
            number, _, began, _, ended, outcome = line.split()
            if outcome != 'ok':
                raise m.Wrong(f'fanout: command {number} {outcome}')
            runs[int(number)] = int(began) / 1e3, int(ended) / 1e3
    return runs


def run(prefix, commands, lines, interval):
    """One run, in us, at the 99th percentile: from the end of one command to
    the beginning of the next in its place; both ends of a command, more than
    fork and exec take; all of that; how late lines are read."""
    begin, end = alone(prefix, 100)
    with tempfile.NamedTemporaryFile() as log:
        child = m.popen([*prefix, f'{m.BUILD}/examples/fanout', '-t', '-j',
                         str(JOBS), '-l', log.name],
                        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                        stderr=subprocess.DEVNULL)
        text = f'exec {STAMP} -n {lines} -i {interval}\n' * commands
        out = child.communicate(text.encode(), timeout=120)[0].decode()
        if child.returncode:
            raise m.Wrong(f'fanout: status {child.returncode}')
        runs = read_log(log.name)
    said, late = read_lines(out)
    if len(late) != commands * (lines + 1) or len(runs) != commands:
        raise m.Wrong(f'fanout: {len(late)} lines, {len(runs)} commands')
    free = sorted(ended for _, ended in runs.values())
    next_one, ends, whole = [], [], []
    for i, number in enumerate(sorted(runs, key=lambda n: runs[n])):
        if i < JOBS:
            continue    # nothing had ended before it
        began, ended = runs[number]
        next_one.append(began - free[i - JOBS])
        ends.append(said[number][0] - began - begin +
                    ended - said[number][-1] - end)
        whole.append(next_one[-1] + ends[-1])
    return {name: percentile(values, 99) for name, values in
            (('next', next_one), ('ends', ends), ('whole', whole),
             ('late', late))}
