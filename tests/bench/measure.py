# SPDX-License-Identifier: BSD-2-Clause
"""What the demo and the benchmarks share: servers, load, numbers, tables."""

import atexit
import os
import re
import resource
import select
import shlex
import signal
import socket
import statistics
import subprocess
import sys
import threading
import time

BUILD = os.environ.get('BUILDDIR', '.')
ZAGRUN = shlex.split(os.environ.get('ZAGRUN', ''))
CPUS = sorted(os.sched_getaffinity(0))

# What examples/httpd.c must answer, byte for byte, to what is sent.
PAGE = b'Hello from a thread of your own.\n'
HEAD = (b'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n'
        b'Content-Length: %d\r\n\r\n' % len(PAGE))


def _error(status, reason, extra=b''):
    body = b'error %d\n' % status
    return (b'HTTP/1.1 %d %s\r\n%sContent-Type: text/plain\r\n'
            b'Content-Length: %d\r\n\r\n%s'
            % (status, reason, extra, len(body), body))


def _request(line):
    return line + b' HTTP/1.1\r\nHost: localhost\r\n\r\n'


GET = _request(b'GET /')
DIALOGUE = [
    (GET, HEAD + PAGE),
    (_request(b'HEAD /'), HEAD),
    (_request(b'GET /no-such-page'), _error(404, b'Not Found')),
    (_request(b'DELETE /'),
     _error(405, b'Method Not Allowed', b'Allow: GET, HEAD\r\n')),
    (GET * 20, (HEAD + PAGE) * 20),
]
BAD = (b'GET / HTTP/1.1\r\n\r\n',
       _error(400, b'Bad Request', b'Connection: close\r\n'))


class Wrong(Exception):
    """A program under measurement gave a wrong result."""


_children = []


def kill_children():
    """End whatever popen started and is still running."""
    for child in _children:
        if child.poll() is None:
            child.kill()
            child.wait()


def set_up():
    """Clean up at the end, whatever it is, and allow many descriptors."""
    atexit.register(kill_children)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def popen(cmd, processors=None, **kw):
    """Start cmd on the first so many CPUs; the shim gets as many processors."""
    env = dict(os.environ)
    cpus = CPUS
    if processors:
        env['ZAG_PROCESSORS'] = str(processors)
        cpus = CPUS[:processors]
    os.sched_setaffinity(0, cpus)
    try:
        child = subprocess.Popen(cmd, env=env, **kw)
    finally:
        os.sched_setaffinity(0, CPUS)
    _children.append(child)
    return child


def read_line(child, seconds):
    """The next line a child prints, or Wrong if it takes too long."""
    if not select.select([child.stdout], [], [], seconds)[0]:
        raise Wrong(f'{child.args[-1]}: silent for {seconds} s')
    line = child.stdout.readline().decode().strip()
    if not line:
        raise Wrong(f'{" ".join(child.args)}: ended')
    return line


def fields(path):
    """A /proc file of `Name: number [kB]` lines."""
    found = {}
    with open(path) as f:
        for line in f:
            name, _, value = line.partition(':')
            value = value.split()
            if value and value[0].isdigit():
                found[name] = int(value[0])
    return found


class Server:
    """A server that prints `listening on PORT`, watched from outside."""

    def __init__(self, prefix, program, *args):
        self.child = popen([*prefix, program, *args], stdout=subprocess.PIPE,
                           bufsize=0)
        self.pid = self.child.pid
        line = read_line(self.child, 20)
        if not re.fullmatch(r'listening on \d+', line):
            raise Wrong(f'{program} said: {line}')
        self.port = int(line.split()[-1])
        self.threads = 1

    def cpu(self):
        """CPU seconds so far, ended threads included, to the nanosecond."""
        return time.clock_gettime(~self.pid << 3 | 2)   # clock_getcpuclockid

    def status(self, *names):
        now = fields(f'/proc/{self.pid}/status')
        self.threads = max(self.threads, now['Threads'])
        return sum(now[n] for n in names)

    def watch(self):
        """Keep the peak of kernel threads until the returned call."""
        done = threading.Event()

        def look():
            while not done.wait(0.05):
                self.status()
        watcher = threading.Thread(target=look, daemon=True)
        watcher.start()

        def finish():
            done.set()
            watcher.join()
        return finish

    def stop(self, *expected):
        """SIGTERM; the exit status must be one of those expected."""
        if self.child.poll() is not None:
            raise Wrong(f'server died: status {self.child.returncode}')
        self.child.terminate()
        try:
            code = self.child.wait(10)
        except subprocess.TimeoutExpired:
            raise Wrong('server does not stop on SIGTERM') from None
        if code not in (expected or (0,)):
            raise Wrong(f'server ended with status {code}')


def receive(sock, n):
    got = b''
    while len(got) < n:
        piece = sock.recv(n - len(got))
        if not piece:
            break
        got += piece
    return got


def check_answers(port, times=1):
    """Compare answers of httpd byte for byte; returns how many requests."""
    count = 0
    for _ in range(times):
        with socket.create_connection(('127.0.0.1', port), 10) as s:
            for sent, wanted in [*DIALOGUE, BAD]:
                s.sendall(sent)
                if receive(s, len(wanted)) != wanted:
                    raise Wrong(f'wrong answer to {sent[:40]!r}')
                count += sent.count(b'\r\n\r\n')
            if s.recv(1):
                raise Wrong('open after 400')
    return count


class Idle:
    """Keep-alive connections, each of which has had one page and waits."""

    def __init__(self, port, n):
        self.socks = []
        for _ in range(n):
            s = socket.create_connection(('127.0.0.1', port), 10)
            self.socks.append(s)
            s.sendall(GET)
            if receive(s, len(HEAD + PAGE)) != HEAD + PAGE:
                raise Wrong('wrong page on a new connection')

    def close(self):
        for s in self.socks:
            s.close()


def memory(server):
    """Resident and kernel memory in kB.

    Resident is the server's own VmRSS and page tables.  Kernel is the whole
    machine's kernel stacks and unreclaimable slab (tasks, sockets, epoll
    items), of which only a difference means anything; the clients' ends of
    the connections are in it, equally for all servers.
    """
    time.sleep(0.3)
    whole = fields('/proc/meminfo')
    return (server.status('VmRSS', 'VmPTE'),
            whole['KernelStack'] + whole['SUnreclaim'])


def memory_per_connection(server, n):
    """kB a connection, resident and kernel: with n idle ones, less with 1."""
    first = Idle(server.port, 1)
    before = memory(server)
    idle = Idle(server.port, n)
    after = memory(server)
    first.close()
    idle.close()
    time.sleep(0.3)
    return [(b - a) / n for a, b in zip(before, after)]


_UNIT = {'us': 1e-3, 'ms': 1, 's': 1e3, 'm': 6e4}


def _milliseconds(text):
    value, unit = re.fullmatch(r'([\d.]+)(us|ms|s|m)', text).groups()
    return float(value) * _UNIT[unit]


def _percentile(out, n):
    """The line of the latency distribution; deviations end in % too."""
    return re.search(rf'^\s+{n}%\s+(\S+)', out, re.MULTILINE)[1]


def wrk(server, connections, seconds):
    """Load by wrk; what it and the server's clock say."""
    cmd = ['wrk', '-t2', f'-c{connections}', f'-d{seconds}s', '--latency',
           '--timeout', '20s', f'http://127.0.0.1:{server.port}/']
    cpu = server.cpu()
    finish = server.watch()
    child = popen(cmd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    out = child.communicate(timeout=seconds + 60)[0].decode()
    finish()
    time.sleep(0.1)
    if child.returncode or 'Non-2xx' in out or 'Socket errors' in out:
        raise Wrong('wrk: ' + ' '.join(out.splitlines()[-5:]))
    n = int(re.search(r'(\d+) requests in', out)[1])
    if n == 0:
        raise Wrong('wrk: no request was answered')
    return {
        'requests': n,
        'rate': float(re.search(r'Requests/sec:\s*([\d.]+)', out)[1]),
        'cpu': (server.cpu() - cpu) / n * 1e6,
        'p50': _milliseconds(_percentile(out, 50)),
        'p99': _milliseconds(_percentile(out, 99)),
    }


def median(values):
    return statistics.median(values) if values else None


def number(x):
    """Three significant digits or more, never an exponent."""
    if x is None:
        return '-'
    if abs(x) >= 1000:
        return f'{x:,.0f}'
    return f'{x:.3g}' if abs(x) >= 0.001 or x == 0 else f'{x:.6f}'


def ratio(a, b):
    return a / b if a is not None and b else None


def row(name, *values):
    print(f'{name:<52}' + ''.join(f'{v:>12}' for v in values), flush=True)
