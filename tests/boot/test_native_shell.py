"""The native shell as people use it."""
import re
import time

import pytest
from conftest import Console


@pytest.mark.parametrize("line,want", [
    ("hello | cat", None),
    ("echo a > /tmp/f; echo b >> /tmp/f; cat < /tmp/f", "a\nb\n"),
    ("ls /nonexistent 2>&1 | wc -l", "1"),
    ("true && echo yes || echo no", "yes\n"),
    ("false && echo yes || echo no", "no\n"),
    ("x=5; echo \"$x\" '$x' \\$x", "5 $x $x\n"),
    ("echo $(echo in $(echo deep))", "in deep\n"),
    ("for i in a b c; do echo $i; done", "a\nb\nc\n"),
    ("i=0; while [ $i -lt 3 ]; do i=$((i + 1)); done; echo $i", "3\n"),
    ("if [ -d /tmp ]; then echo dir; else echo none; fi", "dir\n"),
    ("f() { echo $1-$2; return 4; }; f x y; echo $?", "x-y\n4\n"),
    ("cd /etc; echo host*", "hostname\n"),
    ("echo {} | cat; echo $?", "{}\n0\n"),
    ("case abc in a*) echo m;; *) echo n;; esac", "m\n"),
    ("(exit 3); echo $?", "3\n"),
    ("sleep 0 & wait; echo done", None),
    ("echo one; echo two >/dev/null; echo three", "one\nthree\n"),
    ("printf '%s-' 1 2 3; echo", "1-2-3-\n"),
    # Variables of one command, with an environment made before.
    ("env >/dev/null; XY=1 env | grep XY; XY=2 env >/tmp/e; grep XY= /tmp/e",
     "XY=1\nXY=2\n"),
    ("export XY=1; env >/dev/null; export -n XY; env >/tmp/e; grep -c XY= "
     "/tmp/e; true", "0\n"),
])
def test_a_line(shell, line, want):
    status, text = shell(line)
    assert status == 0
    if want is None:
        assert text != ""
    elif want == "1":
        assert text.strip() == "1"
    else:
        assert text == want


def test_interrupt_stop_and_go_on(console):
    c = console
    # What is typed before the program runs is for the shell: wait for it.
    long = "sh -c 'echo up; exec sleep 1000'"
    c.send(long + "\r")
    c.expect(r"\nup\n")
    c.send("\x03")
    c.prompt()
    assert c.line("echo $?") == "130\n"
    c.send(long + "\r")
    c.expect(r"\nup\n")
    c.send("\x1a")
    c.prompt()
    assert "sleep 1000" in c.line("jobs")
    c.send("fg\r")
    c.expect("sleep 1000.*\n")
    time.sleep(1)  # it is the foreground group once it goes on
    c.send("\x03")
    c.prompt()
    assert c.line("jobs") == ""


def test_a_background_job_runs_beside(console):
    c = console
    c.line("sleep 1000 &")
    assert "sleep 1000" in c.line("jobs")
    c.line("kill %1")
    c.line("wait")
    assert "Running" not in c.line("jobs")


@pytest.fixture(scope="module")
def edited():
    """One machine for all the keys; each test leaves it at a prompt."""
    c = Console(smp=2)
    c.prompt()
    yield c
    c.close()
    assert c.reports() == ""


def test_history_and_editing(console):
    c = console
    assert c.line("echo first") == "first\n"
    # Up, Home-wards over "first", a word before it.
    assert c.line("\x1b[A" + "\x1b[D" * 5 + "the ") == "the first\n"
    # Typing errors taken back.
    assert c.line("echo abx\x7fc") == "abc\n"


LEFT, RIGHT, UP, DOWN = "\x1b[D", "\x1b[C", "\x1b[A", "\x1b[B"
HOME, END, DELETE = "\x1b[H", "\x1b[F", "\x1b[3~"


@pytest.mark.parametrize("keys,want", [
    ("cho x" + HOME + "e" + END + "y", "xy"),
    ("cho x\x1b[1~e\x1b[4~y", "xy"),
    ("cho x\x1bOHe\x1bOFy", "xy"),
    ("cho x\x01e\x05y", "xy"),
    ("echo ab" + LEFT * 2 + "X" + RIGHT + "Y", "XaYb"),
    ("echo axb" + LEFT * 2 + DELETE, "ab"),
    ("echo axb" + LEFT * 2 + "\x04", "ab"),
    ("echo one two\x1bb1\x1bf2", "one 1two2"),
    ("echo one two\x1b[1;5D1\x1b[1;5C2", "one 1two2"),
    ("echo one two\x17three", "one three"),
    ("echo one two\x1b\x7fthree", "one three"),
    ("wrong echo x" + HOME + "\x1bd", "x"),
    ("echo keep not" + LEFT * 4 + "\x0b", "keep"),
    ("one two\x15echo \x19", "one two"),
    ("echo \u00fc\u65e5" + LEFT + "\x7fu", "u\u65e5"),
    ("echo \x1b[99~\x1b[Z\x1bqok", "ok"),  # keys that say nothing to it
])
def test_a_key_edits(edited, keys, want):
    assert edited.line(keys) == want + "\n"


@pytest.mark.parametrize("keys,want", [
    ("cat /etc/hostn\t", "carmine"),
    ("hell\t", "Hello from Carmine"),
    ("echo ${HOM\t", "/root"),
    ("echo $HOM\t", "/root"),
    ("echo ~/../tmp/c/pl\t", "/root/../tmp/c/plain"),
    ("cat $HOME/../tmp/c/pl\t", "p"),
    ("cat /tmp/c/a\t\t", "s"),
    ("cat /tmp/c/a\\ b/f\t", "s"),
    ("cat \"/tmp/c/a b/f\t", "s"),
    ("cat \"/tmp/c/a\t\t", "s"),
    ("cat '/tmp/c/d\t", "d"),
    ("cat /tmp/c/d\t", "d"),
    ("cat</tmp/c/pl\t", "p"),
    ("true;hell\t", "Hello from Carmine"),
])
def test_a_name_is_completed(edited, keys, want):
    # Not longer than a row: a line that wraps is drawn in two.
    edited.line("mkdir -p '/tmp/c/a b'; echo s > '/tmp/c/a b/f i'")
    edited.line("echo d > '/tmp/c/d$q\"'; echo p > /tmp/c/plain")
    assert edited.line(keys) == want + "\n"


def test_candidates_are_listed(edited):
    edited.send("ls /abi/linux/etc/host\t")
    edited.expect(r"\nhost\.conf +hostname +hosts")
    edited.send("n\t\r")
    edited.expect(r"\n/abi/linux/etc/hostname\n")
    edited.prompt()


def test_history_goes_up_and_down_and_is_searched(edited):
    edited.line("echo older")
    edited.line("echo newer")
    assert edited.line(UP * 2 + " 2") == "older 2\n"
    assert edited.line(UP * 3 + DOWN + " 3") == "newer 3\n"
    edited.send("\x12lder")
    edited.expect(r"\(search\) 'lder': echo older")
    edited.send("\r")
    edited.expect(r"\nolder 2\n")
    edited.prompt()


def test_a_command_of_several_lines_is_one_of_history(edited):
    for line in ("for i in 1 2", "do echo \"n$i"):
        edited.send(line + "\r")
        edited.expect(r"\n> ")
    assert edited.line("m\"; done") == "n1\nm\nn2\nm\n"
    assert edited.line(UP + " | wc -l") == "4\n"
    assert "\u21b5do echo \"n$i\u21b5m\"; done" in edited.all
    # Another shell has it from the file.
    edited.line("sh")
    assert edited.line(UP * 3) == "n1\nm\nn2\nm\n"
    edited.line("exit")


def test_more_lines_are_asked_for(edited):
    for line in ("cat <<END", "home $HOME", "sum $((1 + 2))"):
        edited.send(line + "\r")
        edited.expect(r"\n> ")
    assert edited.line("END") == "home /root\nsum 3\n"
    for line in ("for i in 1 2", "do", "echo \"$i", ".\""):
        edited.send(line + "\r")
        edited.expect(r"\n> ")
    assert edited.line("done") == "1\n.\n2\n.\n"
    edited.send("if true\r")
    edited.expect(r"\n> ")
    edited.send("\x03")
    edited.prompt()
    assert edited.line("echo back") == "back\n"


def test_the_interrupt_key_ends_a_builtin_and_a_loop(edited):
    for line, shown in [("read x", r"read x\n"),
                        ("while :; do echo on; sleep 0.1; done", r"\non\n")]:
        edited.send(line + "\r")
        edited.expect(shown)
        edited.pump(1)  # it reads, or sleeps
        edited.send("\x03")
        edited.expect(r"\^C\n~ \$ ")
        assert edited.line("echo $?") == "130\n"


def test_jobs_are_listed_by_number_and_go_on_by_name(edited):
    edited.line("sleep 1001 & sleep 1002 | cat & sleep 1003 &")
    assert re.fullmatch(r"\[1\]  +Running +sleep 1001 &\n"
                        r"\[2\]- +Running +sleep 1002 \| cat &\n"
                        r"\[3\]\+ +Running +sleep 1003 &\n",
                        edited.line("jobs"))
    edited.send("fg %?1002\r")
    edited.expect(r"\nsleep 1002 \| cat\n")
    edited.pump(1)  # it is the foreground group once it goes on
    edited.send("\x1a")
    edited.expect(r"\[2\]\+ +Stopped +sleep 1002 \| cat\n")
    edited.prompt()
    edited.line("bg")
    edited.line("kill %1 %2 %3; wait")
    edited.line("")
    assert edited.line("jobs") == ""


def test_end_of_input_ends_cat(console):
    c = console
    c.send("sh -c 'echo up; exec cat'\r")
    c.expect(r"\nup\n")  # the terminal is cat's now
    c.send("typed\r")
    c.expect(r"typed\ntyped\n")
    c.send("\x04")
    c.prompt()


def test_a_foreign_binary_is_no_script(run_line):
    status, text = run_line("printf '\\177ELF\\2\\1\\1\\0\\0' > /tmp/x; "
                            "chmod +x /tmp/x; /tmp/x | cat; /tmp/x")
    assert status == 126
    assert text == "sh: /tmp/x: Exec format error\n" * 2


def test_the_kernel_log_has_levels_and_times(run_line):
    _, text = run_line("head -n 1 /dev/kmsg; dmesg | head -n 1; "
                       "/abi/linux/bin/busybox dmesg | head -n 1")
    record, ours, theirs = text.splitlines()
    first = re.fullmatch(r"[67],0,[1-9]\d*,-;(.+)", record)
    assert re.fullmatch(r"\[ *\d+\.\d{6}\] " + re.escape(first[1]), ours)
    assert theirs == ours
