#!/usr/bin/python3
"""Makes an initial file system: a cpio archive (newc) that the kernel reads
in place.

    mkimage.py OUT ITEM...

Items, later ones replace earlier ones of the same name (directories join):
    tree:DIR             everything in DIR, at /
    tree:DIR=PATH        everything in DIR, at PATH
    file:FILE=PATH       one file
    text:TEXT=PATH[:MODE] a file with that text and a newline
    dir:PATH[:MODE]      an empty directory
    link:TARGET=PATH     a symbolic link
    without:PATH         leave PATH and what is below it out of what came

All belong to root; modes, times, hard and symbolic links are kept. What is only
named here has the time of the newest file. The bytes
of a file of a page or more begin at a multiple of 4096 from the archive's
beginning, by zero bytes after its name, so that the kernel can map them
where they are. The archive's length is a multiple of 4096: another one may
follow.
"""
import os
import stat
import sys
import time
from pathlib import Path

PAGE = 4096


class Node:
    """What one name stands for; data is bytes or the path of a file."""

    def __init__(self, mode, data=b"", mtime=None, rdev=0, same=None):
        self.mode, self.data, self.mtime = mode, data, mtime
        self.rdev, self.same = rdev, same

    def bytes(self):
        if isinstance(self.data, bytes):
            return self.data
        return Path(self.data).read_bytes()


def node_of(path):
    st = os.lstat(path)
    if stat.S_ISLNK(st.st_mode):
        return Node(st.st_mode, os.readlink(path).encode(),
                    int(st.st_mtime))
    if stat.S_ISREG(st.st_mode):
        same = (st.st_dev, st.st_ino) if st.st_nlink > 1 else None
        return Node(st.st_mode, path, int(st.st_mtime), same=same)
    return Node(st.st_mode, b"", int(st.st_mtime), st.st_rdev)


class Tree:
    def __init__(self):
        self.nodes = {"": Node(stat.S_IFDIR | 0o755)}

    def add(self, name, node):
        name = name.strip("/")
        parent = os.path.dirname(name)
        if name and parent not in self.nodes:
            self.add(parent, Node(stat.S_IFDIR | 0o755))
        old = self.nodes.get(name)
        if old and stat.S_ISDIR(old.mode) and not stat.S_ISDIR(node.mode):
            self.remove(name)
        self.nodes[name] = node

    def add_tree(self, top, at):
        top = str(top)
        if not os.path.isdir(top):
            sys.exit("mkimage: %s: no such directory" % top)
        for here, dirs, files in os.walk(top):
            rel = os.path.relpath(here, top)
            base = at if rel == "." else os.path.join(at, rel)
            if rel != ".":
                self.add(base, node_of(here))
            elif base.strip("/"):
                self.add(base, Node(stat.S_IFDIR | 0o755,
                                    mtime=int(os.stat(here).st_mtime)))
            for name in files + [d for d in dirs if
                                 os.path.islink(os.path.join(here, d))]:
                if rel == "." and name == ".done":
                    continue
                self.add(os.path.join(base, name),
                         node_of(os.path.join(here, name)))

    def date(self):
        """Gives everything a time."""
        times = [n.mtime for n in self.nodes.values() if n.mtime is not None]
        newest = max(times) if times else int(time.time())
        for node in self.nodes.values():
            if node.mtime is None:
                node.mtime = newest

    def remove(self, name):
        name = name.strip("/")
        for other in [n for n in self.nodes
                      if n == name or n.startswith(name + "/")]:
            del self.nodes[other]

    def item(self, text):
        kind, _, rest = text.partition(":")
        what, _, path = rest.rpartition("=")
        if kind == "tree":
            self.add_tree(what or path, path if what else "")
        elif kind == "file":
            self.add(path, node_of(os.path.realpath(what)))
        elif kind == "text":
            path, _, mode = path.partition(":")
            self.add(path, Node(stat.S_IFREG | int(mode or "644", 8),
                                (what + "\n").encode()))
        elif kind == "dir":
            path, _, mode = rest.partition(":")
            self.add(path, Node(stat.S_IFDIR | int(mode or "755", 8)))
        elif kind == "link":
            self.add(path, Node(stat.S_IFLNK | 0o777, what.encode()))
        elif kind == "without":
            self.remove(rest)
        else:
            sys.exit("mkimage: unknown item " + text)


class Writer:
    def __init__(self, out):
        self.out, self.at, self.ino = out, 0, 0

    def put(self, data):
        self.out.write(data)
        self.at += len(data)

    def entry(self, name, node, ino, nlink, data):
        field = name.encode() + b"\0"
        if len(data) >= PAGE and stat.S_ISREG(node.mode):
            field += b"\0" * (-(self.at + 110 + len(field)) % PAGE)
        self.put(b"070701" + b"".join(b"%08X" % v for v in (
            ino, node.mode, 0, 0, nlink, node.mtime & 0xffffffff, len(data),
            0, 0, os.major(node.rdev), os.minor(node.rdev), len(field), 0)))
        self.put(field)
        self.put(b"\0" * (-self.at % 4))
        self.put(data)
        self.put(b"\0" * (-self.at % 4))

    def tree(self, tree):
        names = {}
        for name, node in tree.nodes.items():
            if node.same:
                names.setdefault(node.same, []).append(name)
        inos, left = {}, {k: len(v) for k, v in names.items()}
        # Byte order of names, so that a directory precedes what is in it.
        for name in sorted(tree.nodes, key=lambda n: n.split("/")):
            node = tree.nodes[name]
            if node.same not in inos:
                self.ino += 1
            ino, nlink, data = self.ino, 1, None
            if node.same:
                ino = inos.setdefault(node.same, self.ino)
                nlink = len(names[node.same])
                left[node.same] -= 1
                if left[node.same]:
                    data = b""  # the last name of a file brings its bytes
            if stat.S_ISDIR(node.mode):
                nlink = 2
            self.entry(name or ".", node, ino, nlink,
                       node.bytes() if data is None else data)

    def end(self):
        self.entry("TRAILER!!!", Node(0, mtime=0), 0, 1, b"")
        self.put(b"\0" * (-self.at % PAGE))


def write_archive(path, items):
    tree = Tree()
    for text in items:
        tree.item(text)
    tree.date()
    new = str(path) + ".new"
    with open(new, "wb") as out:
        w = Writer(out)
        w.tree(tree)
        w.end()
    os.replace(new, path)


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    write_archive(sys.argv[1], sys.argv[2:])


if __name__ == "__main__":
    main()
