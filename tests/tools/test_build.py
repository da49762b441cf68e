"""What has to be built again."""
import os
import subprocess
import time
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]


def is_current(b, target, *options):
    """Whether make would leave target of the build folder b as it is."""
    env = {k: v for k, v in os.environ.items()
           if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    done = subprocess.run(["make", "-q", "B=%s" % b, target, *options],
                          cwd=TOP, env=env, capture_output=True, text=True)
    assert done.returncode in (0, 1), done.stderr
    return done.returncode == 0


def test_other_flags_make_the_vdso_again(tmp_path):
    out = tmp_path / "riscv64-gcc-release" / "abi" / "linux" / "vdso"
    vdso = out / "vdso.so"
    assert not is_current(tmp_path, str(vdso))
    out.mkdir(parents=True)
    vdso.touch()
    later = time.time() + 2
    os.utime(vdso, (later, later))
    assert is_current(tmp_path, str(vdso))
    os.utime(vdso)
    time.sleep(0.05)
    assert not is_current(tmp_path, str(vdso), "VDSO_FLAGS=-O1")


def test_other_flags_make_native_programs_again(tmp_path):
    flags = tmp_path / "riscv64-user" / "flags"
    is_current(tmp_path, str(flags))
    before = flags.read_text()
    is_current(tmp_path, str(flags), "UCFLAGS_user/lib=-O1")
    assert flags.read_text() != before
