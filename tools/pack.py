"""Strings of bytes made smaller by naming pairs that are frequent.

A byte from `base` on stands for a pair of bytes, each of which may stand for
another pair. 0 ends a string and is in no pair, so that strings can be passed
over as they are. kernel/core/ksyms.c reads them.
"""
from collections import Counter

DEPTH = 16  # of pairs in pairs; also in kernel/core/ksyms.c
AT_ONCE = 8  # pairs named before they are counted again
RARE = 4


def frequent(data, depth):
    """Some pairs worth a name, none of which touches another."""
    found, taken = [], {0}
    for pair, n in sorted(Counter(zip(data, data[1:])).items(),
                          key=lambda c: (-c[1], c[0])):
        if n < RARE or len(found) == AT_ONCE:
            break
        if taken.isdisjoint(pair) and max(depth[b] for b in pair) < DEPTH:
            taken.update(pair)
            found.append(pair)
    return found


def pack(strings, base):
    """(the strings, each still with its 0, [pair of base, of base + 1 ...]).
    strings: of bytes below base, the last of which is 0."""
    data, pairs, depth = b"".join(strings), [], [0] * 256
    assert max(data, default=0) < base
    while base + len(pairs) < 256:
        found = frequent(data, depth)[:256 - base - len(pairs)]
        if not found:
            break
        for pair in found:
            code = base + len(pairs)
            data = data.replace(bytes(pair), bytes([code]))
            depth[code] = 1 + max(depth[b] for b in pair)
            pairs.append(pair)
    return [s + b"\0" for s in data.split(b"\0")[:-1]], pairs


def unpack(string, base, pairs):
    out, todo = bytearray(), list(reversed(string))
    while todo:
        byte = todo.pop()
        if byte < base:
            out.append(byte)
        else:
            todo += reversed(pairs[byte - base])
    return bytes(out)
