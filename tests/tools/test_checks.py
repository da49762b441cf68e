"""The checks of `make check` find what they are for."""
import os
import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tools"))
import layers  # noqa: E402
import metrics  # noqa: E402
import ports  # noqa: E402
import tidy  # noqa: E402


@pytest.fixture
def tree(tmp_path):
    def make(files):
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        before = os.getcwd()
        os.chdir(tmp_path)
        try:
            return layers.check(layers.Tree())[0]
        finally:
            os.chdir(before)
    return make


@pytest.mark.parametrize("src,include,allowed", [
    ("lib/a.c", "<stdint.h>", True),
    ("lib/a.c", "<stdio.h>", False),
    ("kernel/core/a.c", "<lib/l.h>", True),
    ("lib/a.c", "<kernel/k.h>", False),
    ("fs/tmpfs/a.c", "<kernel/k.h>", True),
    ("fs/tmpfs/a.c", "<fs/procfs/p.h>", False),
    ("fs/tmpfs/a.c", "<fs/vfs/v.h>", True),
    ("fs/vfs/a.c", "<fs/procfs/p.h>", False),
    ("abi/linux/a.c", "<abi/xv6/x.h>", False),
    ("abi/linux/a.c", "<fs/vfs/v.h>", True),
    ("mm/a.c", "<fs/vfs/v.h>", False),
    ("kernel/init/a.c", "<fs/procfs/p.h>", True),
    ("user/bin/a.c", "<kernel/k.h>", False),
    ("user/bin/a.c", "<uapi/native/n.h>", True),
])
def test_includes_point_down(tree, src, include, allowed):
    errors = tree({
        "lib/l.h": "", "include/kernel/k.h": "", "fs/vfs/v.h": "",
        "fs/procfs/p.h": "", "abi/xv6/x.h": "",
        "include/uapi/native/n.h": "",
        src: "#include %s\n" % include})
    assert (errors == []) == allowed, errors


@pytest.mark.parametrize("src,text,allowed", [
    ("mm/user.c", "p = soft_lookup(a, true);", True),
    ("fs/vfs/a.c", "p = soft_lookup(a, true);", False),
    ("fs/vfs/a.c", "my_soft_lookups = 1;", True),
    ("arch/riscv64/trap.c", "csr_set(sstatus, SSTATUS_SUM);", False),
    ("arch/x86_64/copy.S", "\tstac\n", False),
    ("arch/aarch64/copy.S", "\tmsr\tpan, #0\n", False),
    ("user/bin/a.c", "stac", True),
])
def test_user_memory_is_user_cs_alone(tmp_path, monkeypatch, src, text,
                                      allowed):
    path = tmp_path / src
    path.parent.mkdir(parents=True)
    path.write_text(text)
    monkeypatch.chdir(tmp_path)
    assert (layers.user_window(layers.Tree()) == []) == allowed


def problems(text, name="mm/a.c"):
    path = Path(name)
    return list(metrics.check_file(path, text,
                                   list(metrics.functions(text))))


def test_good_code_passes():
    assert problems("static int\nf(int a, int b)\n{\n\treturn a + b;\n}\n"
                    ) == []


@pytest.mark.parametrize("text,what", [
    ("int\nf(void)\n{\n" + "\tg();\n" * 80 + "}\n", "82 lines"),
    ("int\nf(int a, int b, int c, int d, int e, int g)\n{\n}\n",
     "6 parameters"),
    ("int\nf(void)\n{\n\tif (a) {\n\tif (b) {\n\tif (c) {\n\tif (d) {\n}}}}"
     "\n}\n", "nests 4 deep"),
    ("int\nf(void)\n{\n#ifdef A\n\tg();\n#endif\n}\n", "preprocessor"),
    ("int x;" + " " * 80 + "\n", "columns"),
    ("/* a hac" "k */\n", "says"),
    ("#ifdef __riscv\n#endif\n", "architecture"),
    ("\n" * 901, "901 lines"),
])
def test_a_broken_limit_is_found(text, what):
    assert any(what in p for p in problems(text))


def test_a_table_may_be_long():
    assert problems("int\nf(void)\n{\n\t/* long: table */\n" +
                    "\tg();\n" * 80 + "}\n") == []


BODY = "{\n" + "".join("\tg(%d);\n" % i for i in range(12)) + "}\n"


@pytest.mark.parametrize("files,what", [
    ([("mm/a.c", "int x; \n")], "blanks"),
    ([("mm/a.c", "int x;\r\n")], "blanks or CR"),
    ([("mm/a.c", "int x;")], "no newline"),
    ([("mm/a.c", "int x;\0\n")], "binary"),
    ([("tools/a.py", "x = '/wor" "k/me'\n")], "names a place"),
    ([("docs/a.md", "see http" "://example.org/\n")], "names a place"),
    ([("docs/a.md", "[x](nowhere.md)\n")], "leads to nowhere.md"),
    ([("mm/a.c", "/* TO" "DO: later */\n")], "without its issue"),
    ([("mm/a.c", "/* SPDX-License-Identifier: Secret */\n")], "not a free"),
    ([("mm/a.c", "int\nf(void)\n" + BODY), ("fs/b.c", "int\ng(void)\n" +
      BODY.replace("\t", "\t\t"))], "is also at mm/a.c"),
])
def test_an_untidy_tree_is_found(files, what):
    found = list(tidy.check([(Path(p), t) for p, t in files]))
    assert any(what in x for x in found), found


def test_a_tidy_tree_passes():
    assert list(tidy.check([(Path("mm/a.c"), "int x; /* TO" "DO(#3) */\n"),
                            (Path("tests/unit/sh/a.out"), "x \n")])) == []


def test_a_lock_rank_needs_its_row():
    page = "| 45–48 | files |\n| 60, 65 | queues |\n"
    header = "RANK_FILE = 46, RANK_PORT = 60, RANK_PAGE = 96,"
    assert list(tidy.ranks(header, page)) == [
        "docs/locking.md: RANK_PAGE (96) is missing"]


def test_a_file_of_one_port_needs_a_reason():
    files = {name: None for name in ports.wanted("aarch64")}
    files.update({name: None for name in ports.EXTRA["aarch64"]})
    assert list(ports.complaints("aarch64", files)) == []
    files["arch/more.c"] = None
    del files["arch/cpu.c"], files["arch/id.c"]
    errors = "\n".join(ports.complaints("aarch64", files))
    assert "no arch/cpu.c" in errors and "arch/more.c is in" in errors
    assert "excuses arch/id.c" in errors


def test_lines_of_a_port_are_counted(tmp_path):
    (tmp_path / "a.c").write_text("one\n\nthree\n")
    assert ports.lines_of({"arch/a.c": tmp_path / "a.c"}) == 3


def test_other_flags_compile_again(tmp_path):
    target = tmp_path / "riscv64-gcc-release/lib/crc.c.o"

    def make(*more):
        return subprocess.run(
            ["make", "-s", "B=%s" % tmp_path, "DEPS=build/deps", str(target),
             *more], cwd=TOP, check=True, stderr=subprocess.PIPE,
            env={"PATH": os.environ["PATH"]}, text=True).stderr

    assert "lib/crc.c.o" in make()
    assert "lib/crc.c.o" not in make()
    assert "lib/crc.c.o" in make("ARCH_CFLAGS=-DOTHER")
    assert "lib/crc.c.o" not in make("ARCH_CFLAGS=-DOTHER")
