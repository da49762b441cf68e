"""The native shell as people use it."""
import re
import time
import pytest


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
])
def test_a_line(run_line, line, want):
    status, text = run_line(line)
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


def test_history_and_editing(console):
    c = console
    assert c.line("echo first") == "first\n"
    # Up, Home-wards over "first", a word before it.
    assert c.line("\x1b[A" + "\x1b[D" * 5 + "the ") == "the first\n"
    # Typing errors taken back.
    assert c.line("echo abx\x7fc") == "abc\n"


def test_a_name_is_completed(console):
    c = console
    assert c.line("cat /etc/hostn\t") == "carmine\n"


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
    assert re.fullmatch(r"6,0,[1-9]\d*,-;Carmine on .*", record)
    assert re.fullmatch(r"\[ *\d+\.\d{6}\] Carmine on .*", ours)
    assert theirs == ours
