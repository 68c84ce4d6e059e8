# SPDX-License-Identifier: BSD-2-Clause
"""Servers that are cancelled from outside, under clients that must not notice.

  grace SERVER...               1000 busy connections, 20 children, SIGTERM
  stuck ZAGCTL PID PORT [WEB]   5 of 500 are stuck and cancelled; through a
                                proxy at PORT to WEB
  loris PORT keep|close         some talk slowly, some do not talk

What is measured is printed; what fails is what must never be.
"""

import asyncio
import ctypes
import json
import os
import re
import resource
import signal
import subprocess
import sys
import time

HOST = '127.0.0.1'


def check(right, what):
    if not right:
        sys.exit(f'wrong: {what}')


# ---- grace -----------------------------------------------------------------

async def pump(port, state):
    """Is answered again and again, until the server ends the connection."""
    r, w = await asyncio.open_connection(HOST, port)
    data = os.urandom(64)
    try:
        while True:
            w.write(data)
            check(await r.readexactly(len(data)) == data, 'echoed data')
            state['rounds'] += 1
            state['up'].add(w)
    except (OSError, asyncio.IncompleteReadError):
        state['over'] += 1
    w.close()


async def busy(server, connections):
    port = int(re.match(r'listening on (\d+)',
                        server.stdout.readline())[1])
    state = {'rounds': 0, 'over': 0, 'up': set()}
    jobs = [asyncio.ensure_future(pump(port, state))
            for _ in range(connections)]
    while len(state['up']) < connections:
        check(server.poll() is None, 'the server has ended early')
        await asyncio.sleep(0.05)
    rounds, begin = state['rounds'], time.monotonic()
    server.send_signal(signal.SIGTERM)
    await asyncio.get_event_loop().run_in_executor(None, server.wait)
    took = time.monotonic() - begin
    await asyncio.wait(jobs, timeout=20)
    check(state['over'] == connections, 'connections outlive the server')
    return took, rounds


def orphans():
    """Whoever has lost its parent is ours: killed, and counted."""
    found = 0
    with open(f'/proc/self/task/{os.getpid()}/children') as f:
        for pid in map(int, f.read().split()):
            with open(f'/proc/{pid}/stat') as stat:
                found += ') Z' not in stat.read()
            os.kill(pid, signal.SIGKILL)
    return found


def grace(command):
    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER
    server = subprocess.Popen(command, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True)
    took, rounds = asyncio.run(busy(server, 1000))
    left, report = orphans(), server.stderr.read()
    print(f'{rounds} answers; gone {took:.2f} s after SIGTERM')
    print(report.splitlines()[0] if report else 'no report')
    check(server.returncode == -signal.SIGTERM,
          f'its status is {server.returncode}')
    check(left == 0, f'{left} children are left')
    check('fibers: 990 ended, 1000 cancelled, 10 abandoned; '
          'children: 15 ended, 5 killed, 0 left' in report, 'the report')
    check(report.count(' is abandoned, parked: mutex ') == 10,
          'the fibers that are told of')
    check(len(re.findall(r'child \d+ ".*" was killed', report)) == 5,
          'the children that are told of')
    check(took >= 4.9, 'it did not have its time')
    check(took < 10, 'it had much more than its time')


# ---- clients that must not notice -------------------------------------------

class Clients:
    """Each asks again and again; all of them can be held between requests."""

    def __init__(self, port, count, pause=0.0, proxy=None, keep=True):
        self.port, self.count, self.pause = port, count, pause
        self.proxy, self.keep = proxy, keep and proxy is None
        self.answers, self.idle, self.failed = 0, 0, []
        self.answered, self.held = set(), asyncio.Event()
        self.go, self.stop = asyncio.Event(), False
        self.go.set()
        self.jobs = [asyncio.ensure_future(self.talk(i))
                     for i in range(count)]

    async def ask(self, i, r, w):
        head = 'GET / HTTP/1.1' if not self.proxy else \
            f'GET http://{HOST}:{self.port}/file HTTP/1.1'
        text = f'{head}\r\nHost: x\r\n\r\n'
        if i % 10 == 1 and self.pause:  # a slow one, but it talks
            for part in (text[:5], text[5:9]):
                w.write(part.encode())
                await asyncio.sleep(self.pause)
            text = text[9:]
        w.write(text.encode())
        head = (await r.readuntil(b'\r\n\r\n')).decode('latin-1')
        check(' 200 ' in head.split('\r\n')[0], head.split('\r\n')[0])
        length = re.search(r'(?i)content-length: *(\d+)', head)
        body = await (r.readexactly(int(length[1])) if length else r.read())
        check(body, 'an empty answer')
        self.answers += 1
        self.answered.add(i)

    async def hold(self):
        if self.go.is_set():
            return
        self.idle += 1
        if self.idle == self.count:
            self.held.set()
        await self.go.wait()
        self.idle -= 1

    async def talk(self, i):
        r = w = None
        try:
            while not self.stop:
                await self.hold()
                if w is None:
                    r, w = await asyncio.open_connection(
                        HOST, self.proxy or self.port)
                await self.ask(i, r, w)
                if not self.keep:
                    w.close()
                    w = None
                await asyncio.sleep(self.pause * (i % 4 + 1))
        except (Exception, SystemExit) as e:
            self.failed.append(f'client {i}: {type(e).__name__}: {e}')
        if w:
            w.close()

    async def all_answered(self):
        self.answered = set()
        while len(self.answered) < self.count:
            self.check()
            await asyncio.sleep(0.05)

    async def pause_all(self):
        self.held.clear()
        self.go.clear()
        await asyncio.wait_for(self.held.wait(), 60)

    async def finish(self):
        self.stop = True
        self.go.set()
        await asyncio.wait(self.jobs, timeout=60)
        self.check()

    def check(self):
        check(not self.failed,
              f'{len(self.failed)} failed, first: {self.failed[:1]}')


async def half_a_request(port):
    r, w = await asyncio.open_connection(HOST, port)
    w.write(b'GET / HT')
    await w.drain()
    return r, w


async def ended(r, w):
    """When the server has ended the connection."""
    try:
        while await r.read(4096):
            pass
    except OSError:
        pass
    when = time.monotonic()
    w.close()
    return when


# ---- stuck -----------------------------------------------------------------

class Target:
    def __init__(self, zagctl, pid):
        self.zagctl, self.pid = zagctl, pid

    async def run(self, *args):
        p = await asyncio.create_subprocess_exec(
            self.zagctl, *args, stdout=asyncio.subprocess.PIPE)
        out, _ = await p.communicate()
        check(p.returncode == 0, f'zagctl {args[0]}: {p.returncode}')
        return out.decode()

    async def fibers(self):
        return json.loads(await self.run('ps', '--json', self.pid))['fibers']

    async def find(self, writers):
        """The fibers that read from these clients, as soon as they do."""
        peers = {'%s:%d' % w.get_extra_info('sockname') for w in writers}
        for _ in range(200):
            found = [f for f in await self.fibers()
                     if f.get('peer') in peers]
            if len(found) == len(peers):
                return found
            await asyncio.sleep(0.02)
        sys.exit(f'wrong: {len(found)} of {len(peers)} are seen')

    async def cancel(self, count, port, told=False):
        pairs = [await half_a_request(port) for _ in range(count)]
        found = await self.find([w for _, w in pairs])
        if told:
            for f in found:
                print(f"fiber {f['id']}: {f['wait']}, "
                      f"for {f['for_ns'] // 1000000} ms")
                check(f['fd'] > 2 and f['age_ns'] >= f['for_ns'] > 0 and
                      f"fd {f['fd']} ({f['peer']})" in f['wait'], f)
        jobs = [asyncio.ensure_future(ended(r, w)) for r, w in pairs]
        begin = time.monotonic()
        await self.run('cancel', self.pid, *(str(f['id']) for f in found))
        when = await asyncio.wait_for(asyncio.gather(*jobs), 20)
        return max(when) - begin

    def memory(self):
        with open(f'/proc/{self.pid}/status') as f:
            return int(re.search(r'VmRSS:\s+(\d+)', f.read())[1])

    def descriptors(self):
        """All but those by which the monitor watches kernel threads, one for
        each of them."""
        found = 0
        for fd in os.listdir(f'/proc/{self.pid}/fd'):
            try:
                found += '/task/' not in os.readlink(f'/proc/{self.pid}/fd/'
                                                     f'{fd}')
            except OSError:
                pass
        return found

    async def holds(self, want=None):
        """Its descriptors and fibers, once they are as they were."""
        for _ in range(100):
            got = self.descriptors(), len(await self.fibers())
            if want is None or got == want:
                break
            await asyncio.sleep(0.05)
        return got


    async def settle(self, port):
        """Until no more memory is taken: each processor keeps some stacks of
        fibers that have ended for the next ones."""
        still, memory = 0, 0
        for _ in range(200):
            await self.cancel(50, port)
            now = self.memory()
            still = still + 1 if now < memory + 64 else 0
            memory = max(now, memory)
            if still == 10:
                return
        sys.exit('wrong: it takes more and more memory')


async def stuck(zagctl, pid, port, web=None):
    target = Target(zagctl, pid)
    clients = Clients(web or port, 495, 0.5, port if web else None)
    await clients.all_answered()
    took = await target.cancel(5, port, told=True)
    await clients.all_answered()
    print(f'5 of 500 ended {took * 1000:.0f} ms after zagctl was started, '
          f'{clients.answers} answers')
    await clients.pause_all()
    await target.settle(port)
    before, memory = await target.holds(), target.memory()
    for _ in range(20):
        await target.cancel(50, port)
    after, grown = await target.holds(before), target.memory() - memory
    print(f'1000 more: descriptors and fibers {before}, then {after}; '
          f'{memory} KB and {grown} more')
    check(before == after, 'something is left')
    check(grown < 1024, 'memory is left: 1 KB for each, or more')
    clients.go.set()
    await clients.all_answered()
    await clients.finish()


# ---- slow loris ------------------------------------------------------------

async def drip(port, data):
    """Sends so little that it would never end; how long it could."""
    begin = time.monotonic()
    r, w = await asyncio.open_connection(HOST, port)
    w.write(data)
    end = asyncio.ensure_future(ended(r, w))
    while not end.done():
        await asyncio.wait([end], timeout=6)
        if not end.done():
            w.write(b'x')
    return end.result() - begin


async def loris(port, keep):
    clients = Clients(port, 100, pause=0.3, keep=keep)
    await clients.all_answered()
    drips = [drip(port, d) for d in 20 * [b'', b'GET / HT', b'GET / HTTP/1.1'
                                          b'\r\nHost: x\r\nX-Y: ']]
    times = await asyncio.wait_for(asyncio.gather(*drips), 60)
    await clients.all_answered()
    await clients.all_answered()
    await clients.finish()
    print(f'{len(times)} that do not talk ended after {min(times):.2f} to '
          f'{max(times):.2f} s, {clients.answers} answers to others')
    check(min(times) > 3.9, 'ended too early')


def main():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    want = 4096 if hard == resource.RLIM_INFINITY else min(hard, 4096)
    if soft < want:
        resource.setrlimit(resource.RLIMIT_NOFILE, (want, hard))
    if want < 1200:
        print('SKIP: too few descriptors')
        sys.exit(77)
    what, args = sys.argv[1], sys.argv[2:]
    if what == 'grace':
        grace(args)
    elif what == 'stuck':
        asyncio.run(stuck(*args[:2], *map(int, args[2:])))
    elif what == 'loris':
        asyncio.run(loris(int(args[0]), args[1] == 'keep'))


main()
