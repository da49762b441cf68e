#!/usr/bin/python3
"""Seeds of acpi_fuzz: a memory with sound tables, with and without XSDT."""
import struct
import sys
from pathlib import Path


def table(name, body):
    return name + struct.pack("<IBB", 36 + len(body), 2, 0) + \
        b"CARMINTESTTEST" + bytes(12) + body


MADT = struct.pack("<II", 0xfee00000, 1) + b"".join([
    struct.pack("<BBBBI", 0, 8, 0, 0, 1), struct.pack("<BBBBI", 0, 8, 1, 1, 1),
    struct.pack("<BBBBII", 1, 12, 0, 0, 0xfec00000, 0),
    struct.pack("<BBBBIH", 2, 10, 0, 0, 2, 0),
    struct.pack("<BBBBIH", 2, 10, 0, 9, 9, 13),
    struct.pack("<BBHQ", 5, 12, 0, 0xfee00000),
    struct.pack("<BBHIII", 9, 16, 0, 2, 1, 2)])
HPET = struct.pack("<I", 0x8086a201) + bytes([0, 64, 0, 0]) + \
    struct.pack("<QBHB", 0xfed00000, 0, 0, 0)
MCFG = bytes(8) + struct.pack("<QHBBI", 0xb0000000, 0, 0, 255, 0)
S5 = b"\x08_S5_\x12\x06\x04\x00\x0a\x05\x00\x00"


def fadt(dsdt, flags):
    t = bytearray(240)
    struct.pack_into("<I", t, 4, dsdt)       # offset 40
    struct.pack_into("<I", t, 28, 0x604)     # PM1a control
    struct.pack_into("<I", t, 40, 0x608)     # PM timer
    t[72] = 0x32                             # century
    struct.pack_into("<I", t, 76, flags)
    struct.pack_into("<BBBBQ", t, 80, 1, 8, 0, 0, 0xcf9)
    t[92] = 6                                # reset value, offset 128
    struct.pack_into("<BBBBQ", t, 208, 0, 8, 0, 0, 0xfed40000)
    return bytes(t)


def memory(wide, flags):
    at, places, tables = 0x100, [], []
    bodies = [(b"DSDT", S5), (b"APIC", MADT), (b"HPET", HPET),
              (b"MCFG", MCFG)]
    for name, body in bodies:
        tables.append(table(name, body))
        places.append(at)
        at += (len(tables[-1]) + 15) & ~15
    tables.append(table(b"FACP", fadt(places[0], flags)))
    places.append(at)
    at += (len(tables[-1]) + 15) & ~15
    root = table(b"XSDT" if wide else b"RSDT", b"".join(
        struct.pack("<Q" if wide else "<I", p) for p in places[1:]))
    out = bytearray(at + len(root))
    for p, t in zip(places + [at], tables + [root]):
        out[p:p + len(t)] = t
    out[0] = 1  # right checksums
    out[16:52] = b"RSD PTR " + bytes([0]) + b"CARMIN" + \
        bytes([2 if wide else 0]) + struct.pack(
            "<IIQI", 0 if wide else at, 36, at if wide else 0, 0)
    return bytes(out)


folder = Path(sys.argv[1])
(folder / "xsdt").write_bytes(memory(True, 1 << 10))
(folder / "rsdt").write_bytes(memory(False, 1 << 10))
(folder / "reduced").write_bytes(memory(True, 1 << 10 | 1 << 20))
