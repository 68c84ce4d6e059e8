#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Pairs two builds of the library, and says what the second one costs.

usage: cost.py [-n ROUNDS] [-t MILLISECONDS] BEFORE.so AFTER.so

Each round runs every micro-benchmark with BEFORE, AFTER and BEFORE again, one
after the other on one CPU, every other round backwards.  What is compared is
CPU time, so that other load on the machine counts little.  Printed are the
least of all rounds; the median of AFTER's ratio to what stands before and
behind it; and the second BEFORE's to the first: what the method is worth.
"""

import argparse
import os
import subprocess
import sys

import measure as m

PROGRAMS = ('cond', 'yield', 'mutex')
BOUND = 1.02


def run(library, program, ms):
    """One run: {name: nanoseconds of CPU}."""
    env = dict(os.environ, LD_PRELOAD=library, ZAG_PROCESSORS='1')
    out = subprocess.run(
        [f'{m.BUILD}/tests/bench/{program}', '-c', '-t', str(ms)], env=env,
        stdout=subprocess.PIPE, check=True, timeout=120).stdout.decode()
    return {name: float(value) for name, value, _ in
            (line.split() for line in out.splitlines())}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('-n', type=int, default=40)
    parser.add_argument('-t', type=int, default=10)
    parser.add_argument('before')
    parser.add_argument('after')
    opt = parser.parse_args()
    sides = [opt.before, opt.after, opt.before]
    found = [{} for _ in sides]

    os.sched_setaffinity(0, m.CPUS[-1:])
    for i in range(opt.n):
        order = range(len(sides))
        for side in reversed(order) if i % 2 else order:
            for program in PROGRAMS:
                result = run(os.path.abspath(sides[side]), program, opt.t)
                for name, value in result.items():
                    found[side].setdefault(name, []).append(value)

    worst = 0
    m.row(f'CPU ns, {opt.n} rounds', 'before', 'after', 'ratio', '(itself)')
    for name in found[0]:
        first, after, second = (side[name] for side in found)
        ratio = m.median([2 * b / (a + c)
                          for a, b, c in zip(first, after, second)])
        itself = m.median([c / a for a, c in zip(first, second)])
        worst = max(worst, ratio)
        m.row(name, m.number(min(first + second)), m.number(min(after)),
              f'{ratio:.3f}', f'{itself:.3f}')
    verdict = 'met' if worst <= BOUND else 'MISSED'
    m.row('target', f'<= {BOUND}', f'{worst:.3f}', verdict)
    return 0


if __name__ == '__main__':
    sys.exit(main())
