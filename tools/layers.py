#!/usr/bin/python3
"""Checks who includes whom: down only, and no sibling on levels 5 and 6. And
that nobody but mm/user.c gets at user memory.

    layers.py [--graph]     from the top of the tree

The levels are CONTRIBUTING.md's. A quoted include is looked up beside
the file, <...> from the top of the tree, in include/ and in the port's and
ABI's own folders; headers that come from outside are not looked at.
"""
import re
import sys
from pathlib import Path

# (prefix, level); the longest prefix that fits is taken.
LEVELS = [
    ("lib", 0), ("include/kernel", 4), ("include/uapi", 0),
    ("include/kernel/err.h", 1), ("include/kernel/attr.h", 1),
    ("include/kernel/arch.h", 1), ("arch", 1),
    ("kernel/core", 2), ("kernel/sync", 2), ("kernel/time", 2),
    ("kernel/trace", 2),
    ("kernel/obj", 3), ("kernel/task", 3), ("kernel/sched", 3), ("mm", 3),
    ("kernel/ipc", 4), ("kernel/container", 4), ("kernel/tty", 4),
    ("fs/vfs", 4), ("net/socket.c", 4), ("drivers/bus", 4),
    ("fs", 5), ("net", 5), ("drivers", 5), ("abi", 6),
    ("abi/abi.h", 6), ("abi/exec", 6),
]
# Contracts may be included by all: they hold types and prototypes. Folders'
# own headers are what the levels are about.
CONTRACTS = "include/kernel/"
FREE = ("kernel/init", "tests", "user", "tools", "boot")
FREESTANDING = {"stdatomic.h", "stdbool.h", "stddef.h", "stdint.h",
                "stdarg.h", "limits.h", "stdalign.h", "stdnoreturn.h",
                "float.h", "iso646.h"}


def level(path):
    best = max((p for p, _ in LEVELS
                if path == p or path.startswith(p + "/")), key=len,
               default=None)
    return dict(LEVELS).get(best)


def subject(path):
    """The folder that a file belongs to on levels 5 and 6."""
    parts = path.split("/")
    if parts[0] in ("fs", "abi", "net"):
        return "/".join(parts[:2]) if len(parts) > 2 else parts[0]
    if parts[0] == "drivers":
        return "/".join(parts[:-1])
    return parts[0]


class Tree:
    def __init__(self):
        self.top = Path(".")
        tops = ("lib", "include", "arch", "kernel", "mm", "fs", "net",
                "drivers", "abi", "user")
        self.files = sorted(
            str(p) for t in tops for p in Path(t).rglob("*")
            if p.suffix in (".c", ".h", ".S", ".def"))
        self.known = set(self.files)

    def find(self, src, name, quoted):
        """The file an include means, or None if it is from outside."""
        here = str(Path(src).parent)
        arch = re.match(r"arch/\w+", src)
        places = [here] if quoted else []
        places += [".", "include"]
        places += [arch.group() + "/include"] if arch else \
            ["arch/riscv64/include"]
        places += [str(p) for p in Path("abi").glob("*/arch/riscv64")]
        for place in places:
            path = str(Path(place, name)) if place != "." else name
            path = re.sub(r"[^/]+/\.\./", "", path)
            if path in self.known:
                return path
        return None


def check(tree):
    errors, edges = [], set()
    for src in tree.files:
        if src.startswith(FREE) and not src.startswith("user"):
            continue
        text = Path(src).read_text(errors="replace")
        for m in re.finditer(r'^[ \t]*#[ \t]*include[ \t]*(["<])([^">]+)[">]',
                             text, re.M):
            name = m.group(2)
            where = "%s:%d" % (src, text.count("\n", 0, m.start()) + 1)
            to = tree.find(src, name, m.group(1) == '"')
            if to is None:
                if src.startswith("lib/") and name not in FREESTANDING:
                    errors.append("%s: <%s> is not freestanding" %
                                  (where, name))
                continue
            if src.startswith("user"):
                if not to.startswith(("user/", "include/uapi/", "lib/")):
                    errors.append("%s: a program may not include %s" %
                                  (where, to))
                continue
            error = judge(src, to)
            if error:
                errors.append("%s: %s" % (where, error))
            edges.add((subject(src), subject(to)))
    return errors, edges


def judge(src, to):
    a, b = level(src), level(to)
    if src.startswith("include/uapi") or to.startswith("include/uapi"):
        return None if not src.startswith("include/uapi") or \
            to.startswith("include/uapi") else "uapi may not include " + to
    if a is None or b is None:
        return "%s is in no layer" % (src if a is None else to)
    if to.startswith(CONTRACTS) and not src.startswith("lib/"):
        return None
    if b > a:
        return "level %d may not include %s, level %d" % (a, to, b)
    if a == b and a >= 5 and subject(src) != subject(to) and \
            not to.startswith(("abi/abi.h", "abi/exec")):
        return "%s and %s do not know each other" % (subject(src),
                                                     subject(to))
    return None


# User memory is reached by mm/user.c alone, through the direct map: nobody else
# translates a user address, and nobody opens user memory to the kernel.
USER_ONLY = [
    (re.compile(r"\bsoft_lookup\b"), ("mm/user.c", "mm/tlb.h", "mm/tlb.c")),
    (re.compile(r"\bSSTATUS_SUM\b|\bstac\b|0x0f, 0x01, 0xcb|"
                r"\bpan,\s*#0|0xd500409f"), ()),
]


def user_window(tree):
    """Who does what only mm/user.c may, or what nobody may."""
    errors = []
    for src in tree.files:
        if src.startswith("user/"):
            continue
        text = Path(src).read_text(errors="replace")
        for pattern, allowed in USER_ONLY:
            m = pattern.search(text)
            if m and src not in allowed:
                errors.append("%s:%d: %s: user memory is mm/user.c's" % (
                    src, text.count("\n", 0, m.start()) + 1, m.group()))
    return errors


def main():
    tree = Tree()
    errors, edges = check(tree)
    errors += user_window(tree)
    if "--graph" in sys.argv:
        for a, b in sorted(edges):
            if a != b:
                print("%s -> %s" % (a, b))
    for e in errors:
        print("layers: " + e)
    sys.exit(bool(errors))


if __name__ == "__main__":
    main()
