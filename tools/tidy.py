#!/usr/bin/python3
"""Checks what no compiler sees in the tree, over all files of the project.

    tidy.py                from the top of the tree; status 1 if anything is

* Text: no blanks at line ends, no CR, a newline at the end, no binaries.
* Nothing of the machine it was written on: no folders, no package hosts.
* Functions that are there twice.
* Links of documents lead somewhere; docs/locking.md knows every lock rank.
* The functions that the linker puts together exist.
* What is to do names an issue; licences are free ones.
"""
import re
import subprocess
import sys
from pathlib import Path

import metrics

TEXTS = {".c", ".h", ".S", ".ld", ".def", ".py", ".sh", ".mk", ".md", ".lock"}
# What programs print or eat is as it is.
DATA = ("tests/fuzz/corpus/", "tests/unit/sh/", "tests/perf/data/")
# Brackets, so that this file may hold its own patterns.
MACHINE = re.compile(r"/wor[k]/|/hom[e]/(?!\$|user\b)\w+/|[d]eb\.debian\.org|"
                     r"\b(?:ftp|mirrors?|archive)\.[\w-]+\.\w+")
HOST = re.compile(r"https?://([\w.-]+)")
HOSTS = {"www.w3.org"}  # names of XML vocabularies
LICENCES = {"MIT", "0BSD", "ISC", "BSD-2-Clause", "BSD-3-Clause", "Zlib",
            "Apache-2.0", "GPL-2.0-only", "GPL-2.0-or-later",
            "LGPL-2.1-only", "LGPL-2.1-or-later", "MPL-2.0", "CC0-1.0",
            "Unlicense"}
SPDX = re.compile(r"SPDX-License-Identifier: *([^\n*]*)")
LINK = re.compile(r"\[[^\]\n]*\]\(([^)#\s]+)[^)\s]*\)")
UNDONE = re.compile(r"\bTOD[O]\b(?!\(#\d+\))")
TWIN_LINES = 12  # a function of so many lines may not be there twice


def all_files():
    try:
        out = subprocess.run(
            ["git", "ls-files", "-z", "-co", "--exclude-standard"],
            check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        names = out.stdout.decode().split("\0")
    except (OSError, subprocess.CalledProcessError):
        names = [str(p) for p in Path(".").rglob("*")
                 if p.parts[0] not in ("build", ".git")]
    return sorted(Path(n) for n in names if n and Path(n).is_file() and
                  not Path(n).is_symlink())


def is_text(path):
    return path.suffix in TEXTS or path.name in ("Makefile", ".gitignore")


def lines_of(path, text):
    """What is wrong with single lines."""
    for n, line in enumerate(text.split("\n"), 1):
        where = "%s:%d: " % (path, n)
        if line != line.rstrip():
            yield where + "blanks or CR at the end of the line"
        if MACHINE.search(line) or \
                not set(HOST.findall(line)) <= HOSTS:
            yield where + "names a place of the machine or the net: " + line
        if UNDONE.search(line):
            yield where + "something to do without its issue, (#12)"


def licences(path, text):
    for name in SPDX.findall(text):
        if path.suffix in TEXTS - {".py", ".md"} and \
                name.strip() not in LICENCES:
            yield '%s: licence "%s" is not a free one' % (path, name.strip())


def links(path, text):
    for target in LINK.findall(text):
        if "://" not in target and not (path.parent / target).exists():
            yield "%s: leads to %s, which is not there" % (path, target)


def shape(body):
    """A function's lines without their blanks: what makes it a twin."""
    return tuple(line for line in (re.sub(r"\s+", " ", x).strip()
                 for x in body.split("\n")) if line)


def twins(files):
    """Functions of one body in two places. Ports share what arch/common has;
    programs of tests stand alone."""
    seen = {}
    for path, text in files:
        if path.suffix != ".c" or "arch" in path.parts or \
                path.parts[0] in ("tests", "tools"):
            continue
        code = metrics.strip(text)
        for m in metrics.HEAD.finditer(code):
            end = re.compile(r"^\}", re.M).search(code, m.end())
            if end is None:
                continue
            key = shape(text[m.end():end.start()])
            if len(key) < TWIN_LINES:
                continue
            where = "%s:%d" % (path, code.count("\n", 0, m.start()) + 1)
            if key in seen:
                yield "%s: %s is also at %s" % (where, m.group(1), seen[key])
            seen[key] = where


def ranks(header, page):
    """Ranks of sync.h that no row of the page's table covers."""
    known = set()
    for row in re.findall(r"^\| ([\d, –]+) \|", page, re.M):
        for part in row.split(","):
            ends = [int(x) for x in part.split("–")]
            known |= set(range(ends[0], ends[-1] + 1))
    for name, number in re.findall(r"\b(RANK_\w+) = (\d+)", header):
        if int(number) not in known:
            yield "docs/locking.md: %s (%s) is missing" % (name, number)


def hot(page, sources):
    """Names of the linker's list that are no function's or section's."""
    for name in re.findall(r"^\*\(\.text\.(\w+)", page, re.M):
        if not re.search(r"^(?:\w.*[ *])?%s\(|\.text\.%s," % (name, name),
                         sources, re.M):
            yield "arch/common/hot.ld: there is no %s" % name


def check(files):
    """files: pairs of path and text."""
    for path, text in files:
        data = str(path).startswith(DATA)
        if not data and is_text(path):
            yield from lines_of(path, text)
            if text and not text.endswith("\n"):
                yield "%s: no newline at the end" % path
        if "\0" in text and not data:
            yield "%s: is a binary" % path
        yield from licences(path, text)
        if path.suffix == ".md":
            yield from links(path, text)
    yield from twins(files)


def main():
    files = [(p, p.read_bytes().decode(errors="replace"))
             for p in all_files()]
    problems = list(check(files))
    problems += ranks(Path("include/kernel/sync.h").read_text(),
                      Path("docs/locking.md").read_text())
    problems += hot(Path("arch/common/hot.ld").read_text(),
                    "\n".join(text for path, text in files
                              if path.suffix in (".c", ".S")))
    for p in problems:
        print("tidy: " + p)
    sys.exit(bool(problems))


if __name__ == "__main__":
    main()
