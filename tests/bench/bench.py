#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Pairs NPTL and zagrun, the same binaries, and compares with the targets.

usage: bench.py [-q] [PART...]

PART: create mutex cond chan yield file sleepers echo http memory sleepers-100k
fanout
(default: all).
-q is quick: one repetition, short runs.  ZAGRUN is the command to run a
program under the shim, BUILDDIR where the programs have been built.  Exit
status 1 only if a result was wrong, never for a missed target.
"""

import argparse
import collections
import os
import re
import resource
import shutil
import subprocess
import sys
import time

import fanout
import measure as m

BENCH = f'{m.BUILD}/tests/bench'
PROG = f'{m.BUILD}/tests/prog'
SIDES = {'NPTL': [], 'zagrun': m.ZAGRUN}

# program, processors (None: all), label
MICRO = {
    'create': [('create', None, '')],
    'mutex': [('mutex', None, '')],
    'cond': [('cond', 1, ', 1 processor'), ('cond', 2, ', 2 processors')],
    'chan': [('chan', 1, ', 1 processor'), ('chan', 2, ', 2 processors')],
    'yield': [('yield', 1, ', 1 processor')],
    'file': [('file', None, '')],
    'sleepers': [('sleepers', None, '')],
}

LABEL = {
    'create_join': 'create+join, one at a time',
    'create_join_100': 'create+join, batches of 100',
    'mutex_uncontended': 'mutex lock+unlock, uncontended',
    'mutex_contended_4': 'mutex lock+unlock, 4 threads',
    'mutex_contended_16': 'mutex lock+unlock, 16 threads',
    'cond_one_way': 'condvar one way',
    'chan_alone': 'channel, send and receive',
    'chan_one_way': 'channel for 1, one way',
    'chan_rendezvous': 'channel for 0, one way',
    'yield_2': 'sched_yield, 2 threads',
    'yield_100': 'sched_yield, 100 threads',
    'file_byte': 'pread of a cached byte',
    'file_pread': 'pread of cached 4 KB',
    'file_read': 'read of cached 4 KB',
    'sleepers_wall': '10,000 x sleep(1), wall',
    'sleepers_cpu': '10,000 x sleep(1), CPU',
    'sleepers_rss': '10,000 x sleep(1), resident',
}

# label of a row, what the target compares, bound
TARGETS = [
    ('create+join, one at a time', 'ratio', 1 / 50),
    ('create+join, batches of 100', 'ratio', 1 / 50),
    ('condvar one way, 1 processor', 'ratio', 1 / 20),
    ('condvar one way, 2 processors', 'ratio', 1 / 20),
    ('mutex lock+unlock, uncontended', 'ratio', 1.0),
    ('pread of a cached byte', 'ratio', 1.2),
    ('pread of cached 4 KB', 'ratio', 1.2),
    ('read of cached 4 KB', 'ratio', 1.2),
    ('HTTP CPU per request', 'ratio', 1 / 2),
    ('HTTP CPU per request, against epoll', 'ratio', 1.3),
    ('10,000 x sleep(1), CPU', 'zagrun', 0.1),
    ('memory per parked thread', 'zagrun', 9.0),
    ('fanout, over fork and exec, p99', 'zagrun', 1000),
    ('fanout, a line is read late, p99', 'zagrun', 1000),
    ('fanout, late beside a busy one, p99', 'zagrun', 1000),
]


class Report:
    """Rows as they are measured, and the targets at the end."""

    def __init__(self):
        self.rows, self.failures = {}, []

    def add(self, label, unit, base, shim):
        base, shim = m.median(base), m.median(shim)
        self.rows[label] = {'zagrun': shim, 'ratio': m.ratio(shim, base)}
        m.row(f'{label} [{unit}]', m.number(base), m.number(shim),
              m.number(self.rows[label]['ratio']))

    def wrong(self, error):
        self.failures.append(str(error))
        print(f'FAILED: {error}', flush=True)

    def targets(self):
        print()
        m.row('target', 'wanted', 'measured', '')
        for label, key, bound in TARGETS:
            got = self.rows.get(label, {}).get(key)
            verdict = '-' if got is None else \
                'met' if got <= bound else 'MISSED'
            note = ', x NPTL' if key == 'ratio' and 'epoll' not in label else ''
            m.row(label + note, f'<= {bound:.3g}', m.number(got), verdict)


def run_micro(prefix, program, processors, args, limit=120):
    """One run of a micro-benchmark: {name: (value, unit)}."""
    child = m.popen([*prefix, f'{BENCH}/{program}', *args], processors,
                    stdout=subprocess.PIPE)
    try:
        out = child.communicate(timeout=limit)[0].decode()
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
        raise m.Wrong(f'{program}: no end after {limit} s') from None
    if child.returncode:
        raise m.Wrong(f'{" ".join(child.args)}: status {child.returncode}')
    return {name: (float(value), unit) for name, value, unit
            in (line.split() for line in out.splitlines())}


def micro(report, part, opt):
    for program, processors, suffix in MICRO[part]:
        slow = program == 'sleepers'
        args = [] if slow else ['-t', '50' if opt.q else '200']
        found = {side: {} for side in SIDES}
        units = {}
        for _ in range(1 if opt.q else 3 if slow else 5):
            for side, prefix in SIDES.items():
                result = run_micro(prefix, program, processors, args)
                for name, (value, unit) in result.items():
                    found[side].setdefault(name, []).append(value)
                    units[name] = unit
        for name, unit in units.items():
            report.add(LABEL[name] + suffix, unit,
                       *(found[side].get(name, []) for side in SIDES))


def run_echo(prefix, connections, requests):
    """One run: requests a second, CPU us a request, threads, kB resident."""
    server = m.Server(prefix, f'{BENCH}/echo')
    before = server.status('VmRSS', 'VmPTE')
    load = m.popen([f'{BENCH}/load', '-p', str(server.port),
                    '-c', str(connections), '-n', str(requests)],
                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
    if m.read_line(load, 60) != 'ready':
        raise m.Wrong('load: not ready')
    time.sleep(0.2)
    cpu = server.cpu()
    load.stdin.write(b'go\n')
    result = {}
    while (line := m.read_line(load, 120)) != 'done':
        name, value, _ = line.split()
        result[name] = float(value)
    result['cpu'] = (server.cpu() - cpu) / requests * 1e6
    result['kb'] = (server.status('VmRSS', 'VmPTE') - before) / connections
    load.stdin.write(b'end\n')
    if load.wait(30) or result['requests'] != requests:
        raise m.Wrong(f'echo with {connections} connections')
    server.stop(-15, 143)
    return result


def echo(report, opt):
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    for connections in (64, 1000, 10000):
        if connections + 100 > files:
            print(f'echo {connections:,}: skipped, ulimit -Hn is {files}')
            continue
        runs = {side: [] for side in SIDES}
        for _ in range(1 if opt.q else 3):
            for side, prefix in SIDES.items():
                runs[side].append(run_echo(prefix, connections,
                                           20000 if opt.q else 200000))
        for key, label, unit in (('cpu', 'CPU per request', 'us'),
                                 ('rate', 'requests', '1/s'),
                                 ('p99', 'latency p99', 'us'),
                                 ('kb', 'resident per connection', 'kB')):
            report.add(f'echo {connections:,} connections, {label}', unit,
                       *([r[key] for r in runs[s]] for s in SIDES))


def http(report, opt):
    """httpd under NPTL and under zagrun, and the epoll server natively."""
    if not shutil.which('wrk'):
        print('HTTP: skipped, wrk is not installed')
        return
    kinds = {
        'NPTL': ([], f'{m.BUILD}/examples/httpd'),
        'zagrun': (m.ZAGRUN, f'{m.BUILD}/examples/httpd'),
        'epoll': ([], f'{BENCH}/epoll-httpd'),
    }
    runs = {kind: [] for kind in kinds}
    for _ in range(1 if opt.q else 3):
        for kind, (prefix, program) in kinds.items():
            server = m.Server(prefix, program, '-p', '0')
            m.check_answers(server.port)
            runs[kind].append(m.wrk(server, 1000, 1 if opt.q else 5))
            m.check_answers(server.port)
            server.stop()
    for key, label, unit in (('cpu', 'HTTP CPU per request', 'us'),
                             ('rate', 'HTTP requests', '1/s'),
                             ('p50', 'HTTP latency p50', 'ms'),
                             ('p99', 'HTTP latency p99', 'ms')):
        values = {k: [r[key] for r in runs[k]] for k in kinds}
        report.add(label, unit, values['NPTL'], values['zagrun'])
        report.add(f'{label}, against epoll', unit, values['epoll'],
                   values['zagrun'])


def run_prog(prefix, name, *args):
    """A program of tests/prog: wall and CPU seconds, standard error."""
    was = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.monotonic()
    child = m.popen([*prefix, f'{PROG}/{name}', *args],
                    stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        err = child.communicate(timeout=180)[1].decode()
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
        raise m.Wrong(f'{name}: no end after 180 s') from None
    if child.returncode:
        raise m.Wrong(f'{name}: status {child.returncode}: {err.strip()[-200:]}')
    now = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = now.ru_utime + now.ru_stime - was.ru_utime - was.ru_stime
    return time.monotonic() - start, cpu, err


def parked(prefix, n):
    """kB of the machine's memory that each of n parked threads takes."""
    err = run_prog(prefix, 'cond-million', '-m', str(n))[2]
    return float(re.search(r'MemAvailable (\d+) B', err)[1]) / 1024


def memory(report, opt):
    """Parked threads, as many as go: NPTL stops at 32,000."""
    if not os.access(f'{PROG}/cond-million', os.X_OK):
        print('memory per parked thread: skipped, no tests/prog/cond-million')
        return
    few, many = (5000, 50000) if opt.q else (20000, 1000000)
    reps = range(1 if opt.q else 3)
    base = [parked([], few) for _ in reps]
    report.add('memory per parked thread', 'kB', base,
               [parked(m.ZAGRUN, many) for _ in reps])


def many_sleepers(report, opt):
    """More threads than NPTL can have, so there is nothing to compare."""
    if not os.access(f'{PROG}/sleepers-100k', os.X_OK):
        print('100,000 sleepers: skipped, no tests/prog/sleepers-100k')
        return
    runs = [run_prog(m.ZAGRUN, 'sleepers-100k', '100000')
            for _ in range(1 if opt.q else 3)]
    report.add('100,000 x sleep(1), wall', 's', [], [r[0] for r in runs])
    report.add('100,000 x sleep(1), CPU', 's', [], [r[1] for r in runs])


def fan_out(report, opt):
    """200 commands, 50 at a time, that write a line now and then: each run's
    99th percentiles, of which the median counts, as a pause of the machine
    makes a hundredth of a run's commands late by itself."""
    p99 = {side: collections.defaultdict(list) for side in SIDES}
    for _ in range(1 if opt.q else 9):
        for side, prefix in SIDES.items():
            seen = fanout.run(prefix, 200, 10, 40000)
            seen['busy'] = fanout.beside(prefix)
            run = {key: fanout.percentile(values, 99)
                   for key, values in seen.items()}
            run['over'] = run['whole'] - run['alone']
            for key, value in run.items():
                p99[side][key].append(value)
    for key, label in (('next', 'fanout, next in its place, p99'),
                       ('whole', 'fanout, a command without itself, p99'),
                       ('alone', 'the same by fork and exec alone, p99'),
                       ('over', 'fanout, over fork and exec, p99'),
                       ('late', 'fanout, a line is read late, p99'),
                       ('busy', 'fanout, late beside a busy one, p99')):
        report.add(label, 'us', *(p99[side][key] for side in SIDES))


WHOLE = {'echo': echo, 'http': http, 'memory': memory,
         'sleepers-100k': many_sleepers, 'fanout': fan_out}
PARTS = [*MICRO, *WHOLE]


def main():
    p = argparse.ArgumentParser(usage=__doc__)
    p.add_argument('-q', action='store_true')
    p.add_argument('part', nargs='*', choices=[*PARTS, []])
    opt = p.parse_args()
    if not m.ZAGRUN:
        sys.exit('bench: ZAGRUN is not set')
    m.set_up()
    report = Report()
    m.row(f'medians, {len(m.CPUS)} CPUs', 'native', 'zagrun', 'ratio')
    for part in opt.part or PARTS:
        try:
            if part in MICRO:
                micro(report, part, opt)
            else:
                WHOLE[part](report, opt)
        except (m.Wrong, OSError) as e:
            report.wrong(f'{part}: {e}')
            m.kill_children()
    report.targets()
    if report.failures:
        sys.exit(f'bench: {len(report.failures)} parts gave wrong results')


if __name__ == '__main__':
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
