# SPDX-License-Identifier: BSD-2-Clause
"""Runs the conformance tests of Debian's posixtestsuite natively and under
zagrun with 1, 2 and 4 processors, and prints the differences.

    make check-conformance [CONFORMANCE='OPTIONS PATTERN...']

A test is told by its path in the suite: interfaces/pthread_join/1-1.  With
patterns (of the shell), only those that match are run.  A test counts as a
difference if it passes natively and does not pass under zagrun in one of the
runs.  If it then fails in one of some more native runs too, it depends on
luck and is listed apart.  Each run has a time limit and name spaces of its
own (see isolate).  What a test printed is in tests/conformance/log in the
build folder.  The exit status is 0 if there is no difference, else 1."""
import argparse
import collections
import concurrent.futures
import fnmatch
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time

import suite

STATUS = {0: "passed", 1: "failed", 2: "unresolved", 4: "unsupported",
          5: "untested", 124: "hung"}
ISOLATE = ["unshare", "-i", "-m", "-p", "-f", "--mount-proc", "--kill-child"]
HERE = pathlib.Path(__file__).resolve().parent
BUILD = pathlib.Path(os.environ.get("BUILDDIR", ".")).resolve()
ZAGRUN = os.environ.get("ZAGRUN", str(BUILD / "zagrun"))
LOGS = BUILD / "tests/conformance/log"

running = set()
lock = threading.Lock()


def describe(status):
    if status > 128:
        return "signal " + str(status - 128)
    return STATUS.get(status, "status " + str(status))


def kill_running(*_):
    with lock:
        for child in running:
            child.kill()
    os._exit(1)


def call(command, output):
    """The exit status of a command that is in its own process group."""
    with lock:
        child = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        running.add(child)
    status = child.wait()
    with lock:
        running.discard(child)
    return status if status >= 0 else 128 - status


class Runner:
    """How one test is run."""

    def __init__(self, tests, root, limit):
        self.tests = tests
        self.root = root
        self.limit = str(limit)
        self.isolate = self.find_isolation()

    def find_isolation(self):
        for more in ([], ["-r"]):
            prefix = [*ISOLATE, *more, "sh", str(HERE / "isolate.sh"),
                      str(BUILD)]
            if call([*prefix, "true"], subprocess.DEVNULL) == 0:
                return prefix
        print("no name spaces of its own for each test: one at a time")
        return []

    def run(self, name, processors, label):
        zagrun = [ZAGRUN, "-p", str(processors), "--"] if processors else []
        log = LOGS / (name.replace("/", ".") + "." + label)
        with open(log, "w", encoding="utf-8") as output:
            return call(
                [*self.isolate, "env", "-C", str(self.root),
                 str(BUILD / "tests/run/limit"), "-k", self.limit, *zagrun,
                 *self.tests[name]], output)


Result = collections.namedtuple("Result", "name native zag again seconds")


def try_test(runner, name, processors, repeat):
    """Native, then zagrun with each number of processors; where those
    differ, native again, up to `repeat` times while it passes."""
    start = time.monotonic()
    again = []
    zag = {}
    native = runner.run(name, 0, "native")
    if native == 0:
        for n in processors:
            zag[n] = runner.run(name, n, f"p{n}")
    if any(zag.values()):
        while len(again) < repeat and not any(again):
            again.append(runner.run(name, 0, "again"))
    return Result(name, native, zag, again, time.monotonic() - start)


def show(result):
    zag = ", ".join(f"-p{n} {describe(s)}" for n, s in result.zag.items())
    print(f"{result.name}: {zag}", flush=True)


def parse():
    parser = argparse.ArgumentParser(prog="check-conformance")
    parser.add_argument("-j", type=int, default=2 * (os.cpu_count() or 1),
                        help="tests at a time (two for each CPU)")
    parser.add_argument("-p", default="1,2,4", help="numbers of processors")
    parser.add_argument("--limit", type=int, default=120,
                        help="seconds for a run (120)")
    parser.add_argument("--repeat", type=int, default=25,
                        help="more native runs of what differs (25)")
    parser.add_argument("pattern", nargs="*")
    return parser.parse_args()


def select(tests, patterns):
    return [t for t in tests if not patterns or
            any(fnmatch.fnmatch(t, p) for p in patterns)]


def run_all(runner, names, args):
    """The results, differences being shown as they come."""
    processors = [int(n) for n in args.p.split(",")]
    results = []
    with concurrent.futures.ThreadPoolExecutor(
            args.j if runner.isolate else 1) as pool:
        waiting = [pool.submit(try_test, runner, n, processors, args.repeat)
                   for n in names]
        for future in concurrent.futures.as_completed(waiting):
            result = future.result()
            results.append(result)
            if any(result.zag.values()):
                show(result)
    return sorted(results)


def summarise(made, results):
    differ = [r for r in results if any(r.zag.values())]
    luck = [r for r in differ if any(r.again)]
    differ = [r for r in differ if not any(r.again)]
    counts = collections.Counter(describe(r.native) for r in results)
    print("\nnatively: " + ", ".join(
        f"{n} {what}" for what, n in counts.most_common()))
    print(f"left out: {len(made.sets_clock)} set the system clock, "
          f"{len(made.not_built)} cannot be built")
    for title, some in (("pass by luck only, natively too", luck),
                        ("differences", differ)):
        if some:
            print(f"\n{title}:")
        for result in some:
            show(result)
    print(f"\n{len(differ)} of {counts['passed']} tests that pass natively "
          "fail under zagrun")
    return 1 if differ else 0


def main():
    args = parse()
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, kill_running)
    made = suite.Suite(BUILD / "tests/conformance")
    made.build(os.cpu_count())
    LOGS.mkdir(parents=True, exist_ok=True)
    runner = Runner(made.tests, made.root, args.limit)
    names = select(sorted(made.tests), args.pattern)
    if not names:
        suite.die("no test matches")
    print(f"{len(names)} tests", flush=True)
    sys.exit(summarise(made, run_all(runner, names, args)))


main()
