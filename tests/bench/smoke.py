# SPDX-License-Identifier: BSD-2-Clause
"""Runs every benchmark program once, briefly, for its results; prints TAP."""

import bench
import fanout
import measure as m

MICRO = {
    'create': ['-t', '1'],
    'file': ['-t', '1'],
    'mutex': ['-t', '1'],
    'cond': ['-t', '1'],
    'chan': ['-t', '1'],
    'yield': ['-t', '1'],
    'sleepers': ['100', '20'],
}


def micro(prefix, program, args):
    result = bench.run_micro(prefix, program, None, args, 30)
    if any(value < 0 for value, _ in result.values()) or not result:
        raise m.Wrong(f'{program}: {result}')


def web(prefix, program):
    server = m.Server(prefix, f'{m.BUILD}/{program}', '-p', '0')
    m.check_answers(server.port, 2)
    idle = m.Idle(server.port, 20)
    m.check_answers(server.port)
    server.stop()
    idle.close()


def fan_out(prefix):
    if any(us < 0 for values in fanout.run(prefix, 60, 1, 1000).values()
           for us in values):
        raise m.Wrong('fanout: what was, was before')
    if any(us < 0 for us in fanout.beside(prefix, 20, 10000)):
        raise m.Wrong('fanout: a line was read before it was written')


def tests():
    for side, prefix in bench.SIDES.items():
        if side == 'zagrun' and not prefix:
            continue
        for program, args in MICRO.items():
            yield f'{program}, {side}', micro, (prefix, program, args)
        yield f'echo and load, {side}', bench.run_echo, (prefix, 20, 1000)
        yield f'fanout, {side}', fan_out, (prefix,)
        yield f'httpd, {side}', web, (prefix, 'examples/httpd')
    yield 'epoll-httpd', web, ([], 'tests/bench/epoll-httpd')


def main():
    m.set_up()
    plan = list(tests())
    print(f'1..{len(plan)}')
    for number, (name, function, args) in enumerate(plan, 1):
        try:
            function(*args)
            print(f'ok {number} - {name}', flush=True)
        except (m.Wrong, OSError) as e:
            print(f'not ok {number} - {name}\n# {e}', flush=True)
            m.kill_children()


main()
