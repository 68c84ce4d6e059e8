# SPDX-License-Identifier: BSD-2-Clause
"""threading-httpd.py PORT DIR: Python's own server, a thread a connection."""

import functools
import http.server
import signal
import sys
import threading


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 256


class Handler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


server = Server(('127.0.0.1', int(sys.argv[1])),
                functools.partial(Handler, directory=sys.argv[2]))
signal.signal(signal.SIGTERM,
              lambda *_: threading.Thread(target=server.shutdown).start())
server.serve_forever()
server.server_close()
