#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""One thread-per-connection server, natively and under zagrun, side by side.

usage: demo.py [-c CONNECTIONS] [-d SECONDS] [-r PAIRS]

ZAGRUN is the command to run a program under the shim, BUILDDIR where
examples/httpd has been built.  Exit status 1 if any answer was wrong or the
shim used too many kernel threads.
"""

import argparse
import shutil
import sys

import measure as m

ROWS = [
    ('rate', 'requests/s'),
    ('cpu', 'CPU us per request'),
    ('p50', 'latency p50, ms'),
    ('p99', 'latency p99, ms'),
    ('threads', 'kernel threads'),
    ('resident', 'resident KB per connection'),
    ('kernel', 'kernel KB per connection (both ends)'),
    ('memory', 'memory KB per connection, all included'),
]


def one_run(prefix, opt):
    server = m.Server(prefix, f'{m.BUILD}/examples/httpd', '-p', '0')
    checked = m.check_answers(server.port, 3)
    resident, kernel = m.memory_per_connection(server, opt.c)
    result = m.wrk(server, opt.c, opt.d)
    checked += m.check_answers(server.port, 3) + opt.c + 1
    server.stop()
    result['requests'] += checked
    return result | {'threads': server.threads, 'resident': resident,
                     'kernel': kernel, 'memory': resident + kernel}


def main():
    p = argparse.ArgumentParser(usage=__doc__)
    p.add_argument('-c', type=int, default=1000)
    p.add_argument('-d', type=int, default=5)
    p.add_argument('-r', type=int, default=3)
    opt = p.parse_args()
    if not m.ZAGRUN or not shutil.which('wrk'):
        sys.exit('demo: needs wrk (Debian package wrk) and ZAGRUN set')
    m.set_up()
    runs = {'native': [], 'zagrun': []}
    print(f'httpd, a thread per connection: {opt.c} keep-alive connections, '
          f'{opt.r} pairs of runs of {opt.d} s\n', flush=True)
    for i in range(opt.r):
        for name, prefix in (('native', []), ('zagrun', m.ZAGRUN)):
            runs[name].append(one_run(prefix, opt))
            print(f'  run {i + 1}, {name}: '
                  f'{runs[name][-1]["rate"]:,.0f} requests/s', flush=True)
    print()
    m.row('medians', 'native', 'zagrun', 'ratio')
    for key, label in ROWS:
        a, b = (m.median([r[key] for r in runs[n]]) for n in runs)
        m.row(label, m.number(a), m.number(b), m.number(m.ratio(b, a)))
    total = sum(r['requests'] for n in runs for r in runs[n])
    threads = max(r['threads'] for r in runs['zagrun'])
    limit = len(m.CPUS) + 3
    print(f'\nall {total:,} requests answered right')
    print(f'kernel threads under zagrun: {threads} '
          f'(limit processors+3 = {limit})')
    if threads > limit:
        sys.exit('demo: FAILED: too many kernel threads')


if __name__ == '__main__':
    try:
        main()
    except (m.Wrong, OSError) as e:
        sys.exit(f'demo: FAILED: {e}')
    except KeyboardInterrupt:
        sys.exit(130)
