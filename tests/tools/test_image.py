"""The initial file system's archive."""
import os
import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tools"))
import mkimage  # noqa: E402


def entries(data):
    """Yields (name, mode, uid, nlink, ino, offset of bytes, bytes)."""
    at = 0
    while data[at:at + 6] == b"070701":
        f = [int(data[at + 6 + 8 * i:at + 14 + 8 * i], 16)
             for i in range(13)]
        name = data[at + 110:at + 110 + f[11]]
        assert name.endswith(b"\0")
        body = (at + 110 + f[11] + 3) & ~3
        yield (name.rstrip(b"\0").decode(), f[1], f[2], f[4], f[0], body,
               data[body:body + f[6]])
        at = (body + f[6] + 3) & ~3


def archive(tmp_path, *items):
    out = tmp_path / "out.cpio"
    mkimage.write_archive(out, items)
    return out.read_bytes()


def test_big_files_begin_on_a_page(tmp_path):
    top = tmp_path / "t"
    (top / "d").mkdir(parents=True)
    for n in (0, 1, 4095, 4096, 4097, 100000):
        (top / "d" / ("f%d" % n)).write_bytes(b"x" * n)
    data = archive(tmp_path, "tree:%s" % top)
    found = {e[0]: e for e in entries(data)}
    assert len(data) % 4096 == 0
    for n in (4096, 4097, 100000):
        assert found["d/f%d" % n][5] % 4096 == 0
        assert found["d/f%d" % n][6] == b"x" * n
    assert found["d/f4095"][6] == b"x" * 4095


def test_links_modes_and_owner_are_kept(tmp_path):
    top = tmp_path / "t"
    top.mkdir()
    (top / "a").write_text("same")
    os.chmod(top / "a", 0o4750)
    os.link(top / "a", top / "b")
    os.symlink("a", top / "s")
    found = {e[0]: e for e in entries(archive(tmp_path, "tree:%s=/x/y" %
                                              top))}
    assert found["x/y/a"][1] == 0o104750 == found["x/y/b"][1]
    assert found["x/y/a"][3:5] == found["x/y/b"][3:5]
    assert found["x/y/a"][3] == 2
    assert sorted((found["x/y/a"][6], found["x/y/b"][6])) == [b"", b"same"]
    assert found["x/y/s"][6] == b"a"
    assert all(e[2] == 0 for e in found.values())
    names = list(found)
    assert names.index("x") < names.index("x/y") < names.index("x/y/a")


def test_other_readers_take_it(tmp_path):
    top = tmp_path / "t"
    top.mkdir()
    (top / "big").write_bytes(bytes(range(256)) * 64)
    data = archive(tmp_path, "tree:%s" % top, "text:hi there=/etc/cmd",
                   "dir:/tmp:1777", "link:../x=/a/l", "without:/no")
    out = subprocess.run(["cpio", "-t", "--quiet"], input=data,
                         capture_output=True, check=True).stdout.decode()
    assert out.split() == [".", "a", "a/l", "big", "etc", "etc/cmd", "tmp"]


def test_a_later_item_wins_and_can_be_left_out(tmp_path):
    data = archive(tmp_path, "text:one=/f", "text:two=/f", "text:x=/d/g",
                   "without:/d")
    found = {e[0]: e[6] for e in entries(data)}
    assert found["f"] == b"two\n"
    assert "d" not in found and "d/g" not in found
