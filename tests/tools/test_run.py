"""The runner's reading of the console."""
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tools"))
import qemu  # noqa: E402
import run  # noqa: E402

TEXT = (b"log\r\n\x1b]carmine;start\x07out \x1b[1m\x1b]0;title\x07 panic: "
        b"no\r\n\x1b]carmine;exit=12\x07later\x1b")


@pytest.mark.parametrize("step", [1, 2, 3, 7, 1000])
def test_markers_split_the_console_in_any_pieces(step):
    inside, outside = [], []
    out = run.Output(run.Newlines(inside.append), outside.append)
    for at in range(0, len(TEXT), step):
        out.feed(TEXT[at:at + step])
    out.end()
    assert out.status == 12
    assert b"".join(inside) == b"out \x1b[1m\x1b]0;title\x07 panic: no\n"
    assert b"".join(outside) == b"log\r\nlater\x1b"


def test_an_exit_before_the_start_is_text():
    outside = []
    out = run.Output(lambda data: None, outside.append)
    out.feed(b"\x1b]carmine;exit=0\x07")
    out.end()
    assert out.status is None
    assert b"".join(outside) == b"\x1b]carmine;exit=0\x07"


@pytest.mark.parametrize("line,found", [
    (b"[    0.100] panic: bad thing\n", True), (b"panic: x\n", True),
    (b"kernel panic\n", False), (b"xpanic: y\n", False)])
def test_a_panic_is_known(line, found):
    assert bool(run.PANIC_LINE.search(b"a\n" + line)) == found


def test_memory_sizes():
    assert qemu.size_of("64M") == 64 << 20
    assert qemu.size_of("2g") == 2 << 30
    assert qemu.size_of("512") == 512 << 20
    with pytest.raises(ValueError):
        qemu.size_of("lots")


def test_small_machines_get_the_small_image():
    assert qemu.image_for("d", "191M").endswith("min.cpio")
    assert qemu.image_for("d", "192M").endswith("full.cpio")


@pytest.mark.parametrize("option,value,says", [
    ("smp", "x", "SMP=x: want a number from 1"),
    ("smp", "0", "SMP=0: want a number from 1"),
    ("mem", "lots", "MEM=lots: want a number with K, M or G"),
    ("mem", "1M", "MEM=1M: want at least 8M"),
    ("extra", "/nonexistent", "EXTRA=/nonexistent: no such directory"),
    ("cmd", "a\nb", "CMD is one line")])
def test_a_wrong_option_is_said_in_one_line(monkeypatch, capsys, option,
                                            value, says):
    monkeypatch.setattr(sys, "argv", ["run.py", "--kernel", "k", "--images",
                                      "i", "--" + option, value])
    with pytest.raises(SystemExit) as end:
        run.arguments()
    assert end.value.code == 2
    assert capsys.readouterr().err == "run: %s\n" % says
