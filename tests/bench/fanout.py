# SPDX-License-Identifier: BSD-2-Clause
"""examples/fanout: what it adds to fork and exec, and to what commands write."""

import subprocess
import tempfile

import measure as m

STAMP = f'{m.BUILD}/tests/bench/stamp'
JOBS = 50


def alone(child):
    """us at the 99th percentile of fork and exec by itself."""
    out = child.communicate(timeout=120)[0].decode()
    if child.returncode:
        raise m.Wrong(f'stamp: status {child.returncode}')
    return float(out.split('p99 ')[1].split()[0])


def percentile(values, n):
    values = sorted(values)
    return values[min(len(values) * n // 100, len(values) - 1)]


def read_lines(out):
    """{number: its times in us}, and how late each line was read, but those
    of the time in which the first JOBS begin, all at once."""
    said, rows = {}, []
    for line in out.splitlines():
        read, number, ns = line.split()
        said.setdefault(int(number[:-1]), []).append(int(ns) / 1e3)
        rows.append((float(read) * 1e6, int(ns) / 1e3))
    begun = sorted(times[0] for times in said.values())[:JOBS][-1]
    return said, [read - at for read, at in rows if at > begun]


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
    the beginning of the next in its place; that, and what a command takes
    besides its own time; the same of commands that are run by fork and exec
    alone meanwhile; the difference; how late lines are read."""
    with tempfile.NamedTemporaryFile() as log:
        child = m.popen([*prefix, f'{m.BUILD}/examples/fanout', '-t', '-j',
                         str(JOBS), '-l', log.name],
                        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                        stderr=subprocess.DEVNULL)
        other = m.popen([*prefix, STAMP, '-b', str(commands)],
                        stdout=subprocess.PIPE)
        text = f'exec {STAMP} -n {lines} -i {interval}\n' * commands
        out = child.communicate(text.encode(), timeout=120)[0].decode()
        if child.returncode:
            raise m.Wrong(f'fanout: status {child.returncode}')
        runs = read_log(log.name)
    base = alone(other)
    said, late = read_lines(out)
    count = sum(len(times) for times in said.values())
    if count != commands * (lines + 1) or len(runs) != commands:
        raise m.Wrong(f'fanout: {count} lines, {len(runs)} commands')
    free = sorted(ended for _, ended in runs.values())
    next_one, whole = [], []
    for i, number in enumerate(sorted(runs, key=lambda n: runs[n])):
        if i < JOBS:
            continue    # nothing had ended before it
        began, ended = runs[number]
        next_one.append(began - free[i - JOBS])
        whole.append(next_one[-1] + said[number][0] - began +
                     ended - said[number][-1])
    found = {name: percentile(values, 99) for name, values in
             (('next', next_one), ('whole', whole), ('late', late))}
    found['alone'] = base
    found['over'] = found['whole'] - base
    return found


def beside(prefix, lines=60, interval=20000):
    """us at the 99th percentile that lines of JOBS - 1 commands are read late
    beside one that writes as fast as it can, when all have begun."""
    seconds = max(lines * interval * 1.5e-6, 0.2)
    text = f'exec {STAMP} -n {lines} -i {interval}\n' * (JOBS - 1)
    text += f'exec timeout {seconds:.1f} yes {"busy" * 16}\n'
    child = m.popen([*prefix, f'{m.BUILD}/examples/fanout', '-t', '-j',
                     str(JOBS)], stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    stamps = m.popen(['grep', '-v', f' {JOBS}: '], stdin=child.stdout,
                     stdout=subprocess.PIPE)
    child.stdout.close()
    child.stdin.write(text.encode())
    child.stdin.close()
    out = stamps.communicate(timeout=120)[0].decode()
    child.wait()    # 1: timeout(1) has ended a command
    said, late = read_lines(out)
    if len(said) != JOBS - 1 or any(len(times) != lines + 1
                                    for times in said.values()):
        raise m.Wrong('fanout: lines are missing beside a busy command')
    return percentile(late, 99)
