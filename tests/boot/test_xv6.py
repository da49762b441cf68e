"""xv6's programs and shell."""
import re

import pytest

XV6 = "/abi/xv6/bin"


@pytest.mark.parametrize("line,want", [
    ("echo a b", "a b\n"),
    ("cat < /etc/hostname", "carmine\n"),
    ("grep carm /etc/hostname", "carmine\n"),
])
def test_an_xv6_program(run_line, line, want):
    assert run_line("%s/%s" % (XV6, line)) == (0, want)


def test_wc_counts(run_line):
    status, text = run_line("echo one two | %s/wc" % XV6)
    assert status == 0
    assert text.split()[:3] == ["1", "2", "8"]


def test_files_are_made_linked_and_removed(boot):
    c = boot()
    c.prompt()
    c.send(XV6 + "/sh\r")
    c.expect(r"\$ ")
    for line, want in [
            ("cd /tmp", ""), ("mkdir d", ""), ("echo text > d/f", ""),
            ("ln d/f d/g", ""), ("rm d/f", ""), ("cat d/g", "text\n"),
            ("cat d/g | wc", "1 1 5"), ("echo one; echo two", "one\ntwo\n"),
            ("rm d/g", ""), ("rm d", "")]:
        c.send(line + "\r")
        c.expect(re.escape(line) + r"\n")
        m = c.expect(r"(?s)^(.*?)\$ ")
        assert want in m.group(1)
        assert "fail" not in m.group(1)
    c.send("\x04")
    c.prompt()


def test_every_call_with_good_and_bad_arguments(run_line):
    status, text = run_line("cd /tmp; %s/usertests" % XV6, limit=300)
    assert "not ok" not in text
    assert status == 0, text
    assert re.search(r"^usertests: [1-9][0-9]* run, 0 failed$", text, re.M)


def test_processes_and_files_under_load(run_line):
    status, text = run_line(
        "cd /tmp; %s/stressfs 8 && %s/primes 30" % (XV6, XV6), limit=120)
    assert status == 0, text
    assert "stressfs: OK" in text and "prime 29" in text


def test_fork_until_it_cannot(run_line):
    status, text = run_line(XV6 + "/forktest", limit=120)
    assert status == 0
    assert "OK" in text


def test_the_zone_is_laid_out_as_a_xv6_root(run_line):
    """Others' programs look for each other in "/", and for a README."""
    status, text = run_line("cd /abi/xv6; ./wc README; ./ls cat init sh")
    assert status == 0
    assert re.search(r"^\d+ \d+ \d+ README$", text, re.M)
    assert re.findall(r"^(\w+) +2 ", text, re.M) == ["cat", "init", "sh"]


def test_init_keeps_a_shell_running(boot):
    c = boot()
    c.prompt()
    c.send("cd /abi/xv6; ./init\r")
    c.expect(r"\$ ")
    c.send("echo one | wc\r")
    c.expect(r"1 1 4")
    c.send("\x04")
    c.expect(r"\$ ")
    c.send("/system/bin/poweroff\r")


def test_dotdot_ends_at_the_zone_wherever_a_program_was_started(run_line):
    assert run_line("cd /abi/xv6/bin; ./cat ../../../README | wc -l") == \
        run_line("cat /abi/xv6/README | wc -l")


def test_init_reaps_many_orphans_fast(run_line):
    """Each exit was looked for behind all children that live."""
    status, text = run_line(XV6 + "/usertests a_fork_bomb_ends", limit=120)
    assert status == 0, text
