# SPDX-License-Identifier: BSD-2-Clause
"""Gets Debian's source package posixtestsuite into a folder and builds it."""
import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import sys

PACKAGE = "posixtestsuite"
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
# As the suite's own Makefile and LDFLAGS have it.
CFLAGS = ("-g -O2 -Wall -Werror -D_POSIX_C_SOURCE=200112L -std=gnu99 "
          "-Iinclude -D_GNU_SOURCE").split()
LIBS = ["-lpthread", "-lrt"]
TEST = re.compile(r"[0-9]+-[0-9]+\.(c|sh)$")
HELPER = re.compile(r"[0-9]+-.*buildonly\.c$")
SETS_CLOCK = re.compile(r"\b(clock_settime|settimeofday|stime|adjtimex?)\b")
MAIN = re.compile(r"\bmain\s*\(")
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.S)


def die(message):
    sys.exit("check-conformance: " + message)


def debian_sources():
    """The deb lines in use, as deb-src lines."""
    fmt = "$(ORIGIN)|$(REPO_URI)|$(RELEASE)|$(COMPONENT)"
    out = subprocess.run(
        ["apt-get", "indextargets", "--format", fmt, "Created-By: Packages"],
        stdout=subprocess.PIPE, text=True, check=False).stdout
    lines = set()
    for row in out.splitlines():
        origin, uri, release, component = row.split("|")
        if origin == "Debian" and component == "main":
            lines.add(f"deb-src [signed-by={KEYRING}] {uri} {release} main")
    return sorted(lines)


def private_apt(folder):
    """Options for apt-get to know source packages, without a change to the
    system's own configuration."""
    apt = folder / "apt"
    (apt / "lists/partial").mkdir(parents=True, exist_ok=True)
    (apt / "cache").mkdir(exist_ok=True)
    lines = debian_sources()
    if not lines:
        die("apt knows no Debian repository to get " + PACKAGE + " from")
    (apt / "sources.list").write_text("\n".join(lines) + "\n")
    return [
        "-q", "-o", f"Dir::Etc::sourcelist={apt}/sources.list",
        "-o", "Dir::Etc::sourceparts=-", "-o", f"Dir::State::lists={apt}/lists",
        "-o", f"Dir::Cache={apt}/cache", "-o", "APT::Sandbox::User=root"]


def fetch(folder):
    """The suite's folder, got by apt-get source if it is not there yet."""
    for name in ("apt-get", "dpkg-source"):
        if not shutil.which(name):
            die(f"{name} is not installed (Debian packages apt, dpkg-dev)")
    found = sorted(p for p in folder.glob(PACKAGE + "-*") if p.is_dir())
    if found:
        return found[-1]
    folder.mkdir(parents=True, exist_ok=True)
    options = private_apt(folder)
    with open(folder / "fetch.log", "w", encoding="utf-8") as log:
        for command in (["update"], ["source", PACKAGE]):
            done = subprocess.run(
                ["apt-get", *options, *command], cwd=folder, stdout=log,
                stderr=log, stdin=subprocess.DEVNULL, check=False)
            if done.returncode:
                die(f"apt-get {command[0]} failed: see {log.name}")
    found = [p for p in folder.glob(PACKAGE + "-*") if p.is_dir()]
    if not found:
        die(f"apt-get source left no folder: see {folder}/fetch.log")
    return found[0]


class Suite:
    """The tests of the package that can be built, by name."""

    def __init__(self, folder):
        self.root = fetch(folder)
        self.log = folder / "build.log"
        self.sets_clock = []
        self.not_built = []
        self.tests = {}         # name: command, relative to root

    def sources(self):
        for path in sorted((self.root / "conformance").rglob("*")):
            if TEST.match(path.name) or HELPER.match(path.name):
                yield path.relative_to(self.root)

    def compile(self, source, binary):
        """None, or the compiler's complaint."""
        new, old = self.root / binary, self.root / source
        if new.exists() and new.stat().st_mtime >= old.stat().st_mtime:
            return None
        cc = os.environ.get("CC", "cc").split()
        done = subprocess.run(
            [*cc, *CFLAGS, str(source), "-o", str(binary), *LIBS],
            cwd=self.root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, errors="replace", check=False)
        return done.stdout if done.returncode else None

    def add(self, source):
        """One source file; what the compiler said about it, if anything."""
        name = str(pathlib.PurePath(*source.parts[1:]).with_suffix(""))
        if source.suffix == ".sh":
            self.tests[name] = ["sh", str(source)]
            return None
        text = (self.root / source).read_text(errors="replace")
        text = COMMENT.sub(" ", text)
        if SETS_CLOCK.search(text) or source.parts[-2] == "clock_settime":
            self.sets_clock.append(name)
            return None
        if not MAIN.search(text):
            return None
        binary = source.with_suffix(".test")
        said = self.compile(source, binary)
        if said is not None:
            self.not_built.append(name)
        elif TEST.match(source.name):
            self.tests[name] = ["./" + str(binary)]
        return said

    def build(self, jobs):
        with concurrent.futures.ThreadPoolExecutor(jobs) as pool, \
                open(self.log, "w", encoding="utf-8") as log:
            for said in pool.map(self.add, self.sources()):
                log.write(said or "")
