"""The kernel's unwind table, out of the compiler's call-frame information.

Used by ksyms.py. What `readelf --debug-dump=frames-interp` prints (one line a
place from where on something else holds) is brought down to what a backtrace
needs: at which distance from the stack pointer the caller's lies (CFA), and
where the return address is.

Each symbol has a string of bytes below BASE:

    {step + 1, state + 1}... 0

step: instructions' units from the last place (from the symbol at first);
state: index of the state that holds from there. A byte that is MORE stands for
MORE - 1 and another byte. A symbol begins in state 0.
kernel/core/ksyms.c reads it.
"""
import re
import subprocess
from collections import Counter

BASE = 64
MORE = BASE - 1
# Where the return address is, if it is not so many bytes from the CFA.
RA_REGISTER, RA_TRAP, RA_END = 0, 1, 2
END = (0, RA_END)

HEAD = re.compile(r"[0-9a-f]+ [0-9a-f]+ ([0-9a-f]+) (CIE|FDE)(.*)")
RANGE = re.compile(r"cie=([0-9a-f]+) pc=([0-9a-f]+)\.\.([0-9a-f]+)")
CFA = re.compile(r"(?:sp|rsp)\+(\d+)$")
RA = re.compile(r"c(-\d+)$")


def state_of(row, trap):
    """(CFA - sp, where the return address is) of one line. Frames that a
    frame pointer is needed for are ends: no function of the kernel's has one
    (__builtin_frame_address and over-aligned variables make them)."""
    cfa = CFA.match(row["CFA"])
    if cfa is None:
        return END
    if trap:
        return int(cfa[1]), RA_TRAP
    ra = row.get("ra", "u")
    if ra == "u":
        return int(cfa[1]), RA_REGISTER
    at = RA.match(ra)
    return (int(cfa[1]), int(at[1])) if at else END


def parse(text):
    """Gives [(start, end, [(address, state)])] of what readelf printed. What
    a common entry (CIE) says holds for the functions that name it, until a
    line of theirs; those of traps have an S."""
    found, common, rows, columns, trap = [], {}, [], [], False
    for line in text.splitlines():
        head = HEAD.match(line)
        part = line.split()
        if head and head[2] == "CIE":
            trap, rows = "S" in head[3].split('"')[1], []
            common[part[0]] = trap, rows
        elif head:
            cie, start, end = RANGE.search(head[3]).groups()
            trap, first = common[cie]
            rows = [(int(start, 16), state) for _, state in first[-1:]]
            found.append((int(start, 16), int(end, 16), rows))
        elif part[:1] == ["LOC"]:
            columns = part[1:]
        elif len(part) == len(columns) + 1 and part[0].isalnum():
            rows.append((int(part[0], 16),
                         state_of(dict(zip(columns, part[1:])), trap)))
    return found


def places(found, low, high):
    """[(address, state)] ascending, for all of [low, high). Functions that
    the linker dropped lie outside."""
    out, at = [], low
    for start, end, rows in sorted(found):
        if not low <= start < high:
            continue
        if start > at:
            out.append((at, END))
        out += rows
        at = max(at, end)
    return out + [(at, END)]


def merged(rows):
    """Leaves out lines that change nothing, and the loading of the return
    address while its slot is still there."""
    out = []
    for at, state in rows:
        if out and state[1] == RA_REGISTER and out[-1][1][0] == state[0] and \
                out[-1][1][1] < 0:
            state = out[-1][1]
        if out and at == out[-1][0]:
            out.pop()
        if not out or state != out[-1][1]:
            out.append((at, state))
    return out


def by_symbol(rows, symbols):
    """For each address of symbols its [(address, state)], the first of which
    is the symbol's own."""
    out, i, now = [], 0, END
    for n, start in enumerate(symbols):
        end = symbols[n + 1] if n + 1 < len(symbols) else rows[-1][0] + 1
        while i < len(rows) and rows[i][0] <= start:
            now = rows[i][1]
            i += 1
        mine = [(start, now)]
        while i < len(rows) and rows[i][0] < end:
            now = rows[i][1]
            mine.append(rows[i])
            i += 1
        out.append(merged(mine))
    return out


def number(value):
    """As bytes, none of which is 0."""
    more, last = divmod(value - 1, MORE - 1)
    return bytes([MORE] * more + [last + 1])


def encoded(start, rows, unit, index):
    """The bytes of one symbol; index: state -> its number."""
    out, at = bytearray(), start
    for place, state in rows:
        if place != start or index[state] != 0:
            out += number((place - at) // unit + 1) + number(index[state] + 1)
            at = place
    return bytes(out) + b"\0"


def table(text, symbols, low, high, unit):
    """(states, bytes of each symbol) for readelf's text."""
    rows = by_symbol(places(parse(text), low, high), symbols)
    first = Counter(r[0][1] for r in rows if r[0][1] != END)
    count = Counter(s for r in rows for _, s in r)
    states = [s for s, _ in first.most_common(1)]
    states += [s for s, _ in sorted(count.items(), key=lambda c: (-c[1], c[0]))
               if s not in states]
    index = {s: i for i, s in enumerate(states)}
    return states, [encoded(a, r, unit, index)
                    for a, r in zip(symbols, rows)]


def read(readelf, elf):
    return subprocess.run([readelf, "-W", "--debug-dump=frames-interp", elf],
                          check=True, capture_output=True, text=True).stdout
