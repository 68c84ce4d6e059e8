#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Pairs two builds of the library, and says what the second one costs.

usage: cost.py [-n ROUNDS] [-t MILLISECONDS] [-s] BEFORE.so AFTER.so

Each round runs every micro-benchmark with both, one after the other on one
CPU, in alternating order.  What is compared is CPU time, so that other load on
the machine counts little: the median of the rounds' ratios, and the least of
all rounds.  -s (same) also pairs BEFORE with itself: what the method is worth.
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
    parser.add_argument('-s', action='store_true')
    parser.add_argument('before')
    parser.add_argument('after')
    opt = parser.parse_args()
    sides = [opt.before, opt.after] + [opt.before] * opt.s
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
    m.row(f'CPU ns, {opt.n} pairs', 'before', 'after', 'ratio',
          *['(itself)'] * opt.s)
    for name, before in found[0].items():
        ratios = [m.median([b / a for a, b in zip(before, side[name])])
                  for side in found[1:]]
        worst = max(worst, ratios[0])
        m.row(name, m.number(min(before)), m.number(min(found[1][name])),
              *(f'{r:.3f}' for r in ratios))
    verdict = 'met' if worst <= BOUND else 'MISSED'
    m.row('target', f'<= {BOUND}', f'{worst:.3f}', verdict)
    return 0


if __name__ == '__main__':
    sys.exit(main())
