"""tools/coverage.py: what a program of this machine ran is added, where a
kernel has code."""
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
import coverage  # noqa: E402

SOURCE = """\
int
main(int argc, char **argv)
{
	if (argc > 5)
		return 5;
	(void)argv;
	_Exit(0);
}
"""
COUNT = ["-fprofile-instr-generate", "-fcoverage-mapping", "-mllvm",
         "-runtime-counter-relocation"]


def test_lines_run_are_told_though_the_program_ends_at_once(
        tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("mm").mkdir()
    Path("mm/a.c").write_text("void _Exit(int);\n" + SOURCE)
    subprocess.run(["clang", *COUNT, "mm/a.c", "-o", "a"], check=True)
    subprocess.run(["./a"], check=True,
                   env={"LLVM_PROFILE_FILE": "x%c.profraw"})
    ran = set(coverage.program_lines(Path("a"), Path("x.profraw")))
    assert ("mm/a.c", 5) in ran and ("mm/a.c", 8) in ran
    assert ("mm/a.c", 6) not in ran


def test_sums_are_by_folder(capsys):
    coverage.show({("mm/page.c", 1): True, ("mm/page.c", 2): False,
                   ("fs/vfs/walk.c", 7): True}, False)
    lines = [" ".join(x.split()) for x in capsys.readouterr().out.splitlines()]
    assert lines == ["fs 100.0 % 1 of 1", "fs/vfs 100.0 % 1 of 1",
                     "mm 50.0 % 1 of 2", "all 66.7 % 2 of 3"]
