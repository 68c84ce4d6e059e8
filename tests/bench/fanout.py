# SPDX-License-Identifier: BSD-2-Clause
"""examples/fanout: what it adds to fork and exec, and to what commands write."""

import random
import subprocess
import tempfile

import measure as m

STAMP = f'{m.BUILD}/tests/bench/stamp'
JOBS = 50


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


def figures(program, counts, interval):
    """Runs commands that write so many lines; lists of us: from the end of one
    to the beginning of the next in its place; that, and what a command takes
    besides its own time; how late lines are read."""
    text = ''.join(f'exec {STAMP} -n {count} -i {interval}\n'
                   for count in counts)
    with tempfile.NamedTemporaryFile() as log, \
            tempfile.TemporaryFile('w+') as out:
        child = m.popen([*program, '-j', str(JOBS), '-l', log.name],
                        stdin=subprocess.PIPE, stdout=out,
                        stderr=subprocess.DEVNULL)
        child.communicate(text.encode(), timeout=120)
        if child.returncode:
            raise m.Wrong(f'{program}: status {child.returncode}')
        runs = read_log(log.name)
        out.seek(0)
        said, late = read_lines(out.read())
    if [len(said.get(number, ())) for number in range(1, len(counts) + 1)] != \
            [count + 1 for count in counts] or len(runs) != len(counts):
        raise m.Wrong(f'{program}: {len(said)} wrote, {len(runs)} ended')
    free = sorted(ended for _, ended in runs.values())
    next_one, whole = [], []
    for i, number in enumerate(sorted(runs, key=lambda n: runs[n])):
        if i < JOBS:
            continue    # nothing had ended before it
        began, ended = runs[number]
        next_one.append(began - free[i - JOBS])
        whole.append(next_one[-1] + said[number][0] - began +
                     ended - said[number][-1])
    return {'next': next_one, 'whole': whole, 'late': late}


def run(prefix, commands, lines, interval):
    """fanout's figures, and what the same commands take by fork and exec
    alone.  They last for different times: if they began and ended all at once,
    how many CPUs there are would be measured."""
    draw = random.Random(commands)
    counts = [draw.randint(lines // 2 + 1, lines * 3 // 2)
              for _ in range(commands)]
    found = figures([*prefix, f'{m.BUILD}/examples/fanout', '-t'], counts,
                    interval)
    alone = figures([*prefix, f'{m.BUILD}/tests/bench/commands'], counts,
                    interval)
    return {**found, 'alone': alone['whole']}


def beside(prefix, lines=60, interval=20000):
    """By how many us lines of JOBS - 1 commands are read late beside one that
    writes as fast as it can, when all have begun."""
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
    return late
