# SPDX-License-Identifier: BSD-2-Clause
"""Loopback servers and clients for the tests of real servers.

  free N                       print N free TCP ports
  httpd PORT DIR               serve the files of DIR over HTTP
  echo PORT                    TCP echo server
  fetch [opts] URL SHA256      GET URL on many connections, compare each body
  pump [opts] PORT             send random data down an echo path, compare

fetch and pump open all connections first, wait --hold seconds, then go:
  -c C (connections at once)  --bytes B (pump)  --proxy PORT  --tls
  --pid PID  say how many kernel threads that process has while all are open
"""

import argparse
import asyncio
import hashlib
import os
import random
import socket
import ssl
import sys
from urllib.parse import urlsplit

PATIENCE = 90               # seconds a connection may take


def free(n):
    found = set()
    while len(found) < n:
        port = random.randrange(10000, 32000)
        with socket.socket() as s:
            try:
                s.bind(('127.0.0.1', port))
            except OSError:
                continue
        found.add(port)
    print(*found)


async def serve(port, handler):
    async def guarded(r, w):
        try:
            await handler(r, w)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            w.close()
    server = await asyncio.start_server(guarded, '127.0.0.1', port,
                                        backlog=1024)
    async with server:
        await server.serve_forever()


async def echo(r, w):
    while data := await r.read(65536):
        w.write(data)
        await w.drain()


def httpd(root):
    async def handler(r, w):
        head = (await r.readuntil(b'\r\n\r\n')).decode('latin-1')
        target = urlsplit(head.split()[1]).path
        try:
            with open(os.path.join(root, target.lstrip('/')), 'rb') as f:
                status, body = '200 OK', f.read()
        except OSError:
            status, body = '404 Not Found', b''
        w.write((f'HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n'
                 'Content-Type: application/octet-stream\r\n'
                 'Connection: close\r\n\r\n').encode())
        w.write(body)
        await w.drain()
    return handler


def threads(pid):
    with open(f'/proc/{pid}/status') as f:
        return next(line.split()[1] for line in f if 'Threads' in line)


class Gate:
    """Opens once all connections are up."""

    def __init__(self, opt):
        self.left, self.opt, self.event = opt.c, opt, asyncio.Event()

    async def arrive(self):
        self.left -= 1
        if self.left == 0:
            await asyncio.sleep(self.opt.hold)
            if self.opt.pid:
                print(f'{threads(self.opt.pid)} kernel threads at '
                      f'{self.opt.c} connections', flush=True)
            self.event.set()
        await self.event.wait()


async def connect(opt, port):
    tls = None
    if opt.tls:
        tls = ssl.create_default_context()
        tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
    return await asyncio.open_connection('127.0.0.1', opt.proxy or port,
                                         ssl=tls)


async def fetch_one(opt, url, sha, gate):
    r, w = await connect(opt, url.port)
    await gate.arrive()
    target = url.geturl() if opt.proxy else url.path
    w.write(f'GET {target} HTTP/1.1\r\nHost: {url.netloc}\r\n'
            'Connection: close\r\n\r\n'.encode())
    head = (await r.readuntil(b'\r\n\r\n')).decode('latin-1').lower()
    if ' 200 ' not in head.splitlines()[0]:
        raise ValueError(head.splitlines()[0])
    if 'content-length:' in head:
        length = head.split('content-length:')[1].split()[0]
        body = await r.readexactly(int(length))
    else:
        body = await r.read()
    w.close()
    if hashlib.sha256(body).hexdigest() != sha:
        raise ValueError(f'body of {len(body)} bytes is wrong')


async def pump_one(opt, port, gate):
    r, w = await connect(opt, port)
    data = os.urandom(opt.bytes)
    await gate.arrive()

    async def send():
        for i in range(0, len(data), 65536):
            w.write(data[i:i + 65536])
            await w.drain()
    sender = asyncio.ensure_future(send())
    back = await r.readexactly(len(data))
    await sender
    w.close()
    if hashlib.sha256(back).digest() != hashlib.sha256(data).digest():
        raise ValueError('echoed data differ')


async def crowd(opt, job):
    bad, gate = [], Gate(opt)

    async def one():
        try:
            await asyncio.wait_for(job(gate), PATIENCE)
        except Exception as e:
            bad.append(f'{type(e).__name__}: {e}')
            if not gate.event.is_set():
                await gate.arrive()
    await asyncio.gather(*(one() for _ in range(opt.c)))
    if bad:
        sys.exit(f'{len(bad)} of {opt.c} connections failed, '
                 f'first: {bad[0]}')


def options(*names):
    p = argparse.ArgumentParser()
    p.add_argument('-c', type=int, default=200)
    p.add_argument('--hold', type=float, default=0.3)
    p.add_argument('--bytes', type=int, default=1 << 20)
    p.add_argument('--proxy', type=int)
    p.add_argument('--pid', type=int)
    p.add_argument('--tls', action='store_true')
    for n in names:
        p.add_argument(n)
    return p.parse_args(sys.argv[2:])


def main():
    cmd, args = sys.argv[1], sys.argv[2:]
    if cmd == 'free':
        free(int(args[0]))
    elif cmd == 'httpd':
        asyncio.run(serve(int(args[0]), httpd(args[1])))
    elif cmd == 'echo':
        asyncio.run(serve(int(args[0]), echo))
    elif cmd == 'fetch':
        opt = options('url', 'sha')
        url = urlsplit(opt.url)
        asyncio.run(crowd(opt, lambda gate: fetch_one(opt, url, opt.sha,
                                                      gate)))
    elif cmd == 'pump':
        opt = options('port')
        asyncio.run(crowd(opt, lambda gate: pump_one(opt, int(opt.port),
                                                     gate)))
    else:
        sys.exit(__doc__)


main()
