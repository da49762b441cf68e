"""Debian's programs, unmodified, with their real output."""
import hashlib
import re

import pytest
from conftest import ARCH, SEQUENCES, Console

LINUX = "/abi/linux"


def lines(*text):
    return "".join(t + "\n" for t in text)


@pytest.mark.parametrize("line,want", [
    ("/bin/busybox echo static", "static\n"),
    ("/bin/busybox sh -c 'for i in 1 2 3; do echo $i; done'", "1\n2\n3\n"),
    ("/bin/bash -c 'echo $((6 * 7)) ${BASH_VERSION%%.*}'", "42 5\n"),
    ("/bin/bash -c 'a=(x y z); printf \"%s,\" \"${a[@]}\"; echo'",
     "x,y,z,\n"),
    ("/bin/bash -c 'diff() { :; }; cat <(echo sub) <<< here'", "sub\n"),
    ("/bin/bash -c 'echo a b c | { read x y; echo $y; }'", "b c\n"),
    ("/bin/sh -c 'trap \"echo caught\" USR1; kill -USR1 $$; echo on'",
     "caught\non\n"),
    ("/bin/sed s/o/0/g /etc/hostname", "carmine\n"),
    ("/bin/grep -c root /etc/passwd", "1\n"),
    ("/bin/awk 'BEGIN { print 2 ^ 10 }'", "1024\n"),
    ("/bin/python3 -c 'import sys, json; print(json.dumps({\"a\": [1, 2]}))'",
     '{"a": [1, 2]}\n'),
    ("/bin/python3 -c 'import os; print(os.uname().machine, os.getpid() > 1)'",
     ARCH + " True\n"),
    ("/bin/python3 -c 'import subprocess; print(subprocess.run([\"echo\", "
     "\"child\"], capture_output=True).stdout)'", "b'child\\n'\n"),
    ("/bin/python3 -c 'import threading; l = []; t = [threading.Thread("
     "target=l.append, args=(i,)) for i in range(8)]; [x.start() for x in t]"
     "; [x.join() for x in t]; print(sorted(l))'",
     "[0, 1, 2, 3, 4, 5, 6, 7]\n"),
    ("/bin/perl -e 'print join(\",\", map { $_ * 2 } 1..4), \"\\n\"'",
     "2,4,6,8\n"),
    ("/bin/lua -e 'print(#\"lua\", _VERSION)'", "3\tLua 5.4\n"),
    ("/bin/sort -rn /extra/numbers", "30\n20\n3\n1\n"),
    ("/bin/sha256sum /extra/numbers", ""),
    ("/bin/tar -cf - -C /extra numbers | /abi/linux/bin/tar -tf -",
     "numbers\n"),
    ("/bin/gzip -c /extra/numbers | /abi/linux/bin/gzip -dc",
     "3\n20\n1\n30\n"),
    ("/bin/find /extra -type f", "/extra/numbers\n"),
    ("/bin/stat -c '%a %s %F' /extra/numbers", "644 10 regular file\n"),
    ("/bin/dd if=/dev/zero bs=1k count=3 2>/dev/null | /abi/linux/bin/wc -c",
     "3072\n"),
    ("/bin/env -i A=1 /abi/linux/bin/env", "A=1\n"),
    ("/bin/uname -sm", None),
])
def test_a_linux_program(shell, line, want):
    status, text = shell(LINUX + line)
    assert status == 0, text
    if want is None:
        assert re.fullmatch(r"\S+ " + ARCH + r"\n", text)
    elif "sha256sum" in line:
        digest = hashlib.sha256(b"3\n20\n1\n30\n").hexdigest()
        assert text == "%s  /extra/numbers\n" % digest
    else:
        assert text == want


def test_dpkg_lists_its_packages(shell):
    status, text = shell(LINUX + "/bin/dpkg -l | cat")
    assert status == 0
    for name in ("bash", "coreutils", "libc6"):
        assert re.search(r"(?m)^ii  %s\S* +\S" % name, text)


def test_dpkg_knows_whose_a_file_is(shell):
    status, text = shell(LINUX + "/bin/dpkg -S /usr/bin/bash "
                            "'*/libc.so.6' 2>&1 | /abi/linux/bin/sort")
    assert status == 0
    assert re.fullmatch(r"bash: /usr/bin/bash\n"
                        r"libc6:\S+: /usr/lib/\S+/libc.so.6\n", text)


def test_ls_colours_on_the_console(shell):
    status, text = shell(LINUX + "/bin/ls --color=auto -d /abi/linux/usr")
    assert status == 0
    assert re.search(r"\x1b\[01;34m.*usr.*\x1b\[0m", text)


def test_ps_shows_the_processes(shell):
    status, text = shell(LINUX + "/bin/ps ax")
    assert status == 0
    assert re.search(r"(?m)^ +1 .*init", text)
    status, text = shell(LINUX + "/bin/busybox ps")
    assert status == 0
    assert "init" in text


def test_top_runs_once(shell):
    status, text = shell(LINUX + "/bin/busybox top -b -n 1")
    assert status == 0
    assert "Mem:" in text and "init" in text


def test_free_uptime_and_mount_read_proc(shell):
    line = "{0}/bin/busybox free && {0}/bin/busybox uptime && " \
        "{0}/bin/busybox mount".format(LINUX)
    status, text = shell(line)
    assert status == 0
    assert re.search(r"Mem: +\d+ +\d+", text)
    assert "load average" in text
    assert " on / type " in text


@pytest.mark.parametrize("program,shown,keys", [
    ("/bin/top", r"Tasks:(.*\n)*.*PID(.*\n)*.*init", "q"),
    ("/bin/busybox top", r"Mem:(.*\n)*.*PID(.*\n)*.*init", "q"),
    ("/bin/less /etc/passwd", r"root:x:0:0.*\n(.*\n)*.*nobody", "q"),
    ("/bin/watch -n 1 echo it", r"Every 1.0s(.*\n)*.*it", "\x03"),
    ("/bin/vim.tiny /tmp/new", r'"/tmp/new"', "ihello\x1b:wq\r"),
])
def test_a_program_draws_the_screen(screen, program, shown, keys):
    screen.send(LINUX + program + "\r")
    screen.expect(shown)
    screen.send(keys)
    screen.expect(r"~ \$ " + SEQUENCES + r"\Z")
    assert screen.line("echo $?") in ("0\n", "130\n")
    if "vim" in program:
        assert screen.line("cat /tmp/new") == "hello\n"


@pytest.fixture(scope="module")
def screen():
    c = Console(smp=2)
    c.prompt()
    c.line("export TERM=vt100")
    yield c
    c.close()
    assert c.reports() == ""


def test_bash_is_interactive(boot):
    c = boot()
    c.prompt()
    c.send(LINUX + "/bin/bash\r")
    c.expect(r"[#$] ")
    c.send("echo $((1 + 1)) is t\x7fTWO\r")
    c.expect(r"2 is TWO\n")
    # What is typed before the program runs is for the shell: wait for it.
    # A shell that waits behind vfork would not be stopped.
    c.send("sh -c 'echo up; exec sleep 100'\r")
    c.expect(r"up\n")
    c.send("\x1a")
    c.expect(r"Stopped")
    c.send("jobs\r")
    c.expect(r"\[1\]\+ +Stopped +sh -c .*exec sleep 100")
    c.send("kill %1; wait; echo g''one\r")
    c.expect(r"gone\n")
    c.expect(r"root@carmine:~# ")
    # `wait` passes over a stopped job, so it may still be on its way out, and
    # `exit` would stay for it.
    c.send('while [ -n "$(jobs -s)" ]; do sleep 0.1; done; echo e""nded\r')
    c.expect(r"ended\n")
    c.expect(r"root@carmine:~# ")
    c.send("exit 3\r")
    c.expect(r"exit\n")
    c.prompt()
    assert c.line("echo $?") == "3\n"


def test_vi_edits_a_file(boot):
    c = boot()
    c.prompt()
    c.send("export TERM=vt100\r")
    c.prompt()
    c.send(LINUX + "/bin/busybox vi /tmp/f\r")
    c.expect(r"- /tmp/f .*1/1")  # it asked for the window size and gave up
    c.send("ihello vi")
    # Keys that come one by one are drawn one by one, the cursor moved between.
    c.expect(r"h.*e.*l.*l.*o.*v.*i")
    c.send("\x1b")  # alone: with more behind it, it may begin a key
    c.expect(r"- /tmp/f \[Modified\]")
    c.send(":wq\r")
    c.expect(r"\x1b\[\?1049l~ \$ ")
    assert c.line("cat /tmp/f") == "hello vi\n"


def test_a_missing_interpreter_is_said(run_line, tmp_path):
    (tmp_path / "x").mkdir()
    script = tmp_path / "x/s"
    script.write_text("#!/no/such/interpreter\n")
    script.chmod(0o755)
    status, text = run_line("/extra/s", extra=tmp_path / "x")
    assert status in (126, 127)
    assert text != ""


def test_vmstat_counts(shell):
    status, text = shell("/abi/linux/usr/bin/vmstat -s")
    assert status == 0
    assert "pages swapped out" in text


def test_what_is_mapped_lies_below_the_room_of_the_stack(run_line):
    """Otherwise the stack, mapped last, meets the loader once in a while."""
    line = "/abi/linux/bin/grep -e /ld-linux -e .stack. /proc/self/maps"
    status, text = run_line("; ".join([line] * 5))
    assert status == 0
    loader = stack = 0
    for row in text.splitlines():
        start, end = (int(x, 16) for x in row.split()[0].split("-"))
        if "/ld-linux" in row:
            loader = max(loader, end)
        else:
            assert loader <= end - (8 << 20), text
            loader = 0
            stack += 1
    assert stack == 5


def test_slabtop_and_pmap_read_proc(shell):
    status, text = shell(LINUX + "/bin/slabtop -o | head -n 20")
    assert status == 0
    assert re.search(r"(?m)^ *\d+ +\d+ +\d+% .* kmalloc-16", text)
    status, text = shell(LINUX + "/bin/pmap 1")
    assert status == 0
    assert re.search(r"(?m)^[0-9a-f]{16} +\d+K r-x-- init\n", text)


def test_blocks_of_the_image_files_are_those_of_their_size(shell):
    """However much of a file is in the page cache."""
    files = "/abi/linux/bin/bash /etc/passwd"
    ask = LINUX + "/bin/stat -c '%s %b' " + files
    status, text = shell(ask + "; " + LINUX + "/bin/wc -c " + files +
                         " > /dev/null; " + ask)
    assert status == 0
    rows = [[int(n) for n in row.split()] for row in text.splitlines()]
    assert len(rows) == 4
    assert all(blocks == -(-size // 4096) * 8 for size, blocks in rows), text
