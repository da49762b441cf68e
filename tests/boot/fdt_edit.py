"""A flattened device tree as Python has it, to make trees that lie.

    tree = fdt_edit.dump(argv)          QEMU's own tree of that machine
    node = tree.child("cpus", "cpu@1")
    node.props["reg"] = fdt_edit.cells(9)
    path.write_bytes(fdt_edit.blob(tree))

Source: Devicetree specification 0.4, 5.
"""
import copy
import struct
import subprocess

BEGIN, END, PROP, NOP, LAST = 1, 2, 3, 4, 9


class Node:
    def __init__(self, name):
        self.name, self.props, self.children = name, {}, []

    def child(self, *names):
        """The node that path leads to; a name without @ fits any unit."""
        node = self
        for name in names:
            node = next(c for c in node.children if
                        name in (c.name, c.name.split("@")[0]))
        return node

    def find(self, compatible):
        """All nodes that are compatible."""
        found = [self] if compatible.encode() in self.props.get(
            "compatible", b"").split(b"\0") else []
        for c in self.children:
            found += c.find(compatible)
        return found

    def twin(self, like, name, **props):
        """A new child as another one, but for these."""
        node = copy.deepcopy(self.child(like))
        node.name = name
        node.props.pop("phandle", None)
        node.props.update(props)
        self.children.append(node)
        return node


def cells(*numbers):
    return struct.pack(">%dI" % len(numbers), *numbers)


def parse(data):
    at, strings = struct.unpack_from(">8xII", data)
    stack, root = [], None
    while True:
        token, = struct.unpack_from(">I", data, at)
        at += 4
        if token == BEGIN:
            end = data.index(b"\0", at)
            node = Node(data[at:end].decode())
            at = (end + 4) & ~3
            if stack:
                stack[-1].children.append(node)
            root = root or node
            stack.append(node)
        elif token == PROP:
            size, name = struct.unpack_from(">II", data, at)
            name += strings
            name = data[name:data.index(b"\0", name)].decode()
            stack[-1].props[name] = data[at + 8:at + 8 + size]
            at = (at + 8 + size + 3) & ~3
        elif token == END:
            stack.pop()
        elif token == LAST:
            return root


def padded(data):
    return data + b"\0" * (-len(data) % 4)


def blob(root):
    strings, offsets = b"", {}

    def text(node):
        nonlocal strings
        out = cells(BEGIN) + padded(node.name.encode() + b"\0")
        for name, value in node.props.items():
            if name not in offsets:
                offsets[name] = len(strings)
                strings += name.encode() + b"\0"
            out += cells(PROP, len(value), offsets[name]) + padded(value)
        return out + b"".join(map(text, node.children)) + cells(END)

    body = text(root) + cells(LAST)
    reserved = b"\0" * 16
    at = 40 + len(reserved)
    head = cells(0xd00dfeed, at + len(body) + len(strings), at,
                 at + len(body), 40, 17, 16, 0, len(strings), len(body))
    return head + reserved + body + strings


def dump(argv, path):
    """The tree that QEMU makes for a machine."""
    at = argv.index("-machine") + 1
    argv = [*argv[:at], argv[at] + ",dumpdtb=%s" % path, *argv[at + 1:]]
    subprocess.run([*argv, "-display", "none"], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                   timeout=60)
    return parse(path.read_bytes())
