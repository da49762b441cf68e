"""The native shell, built for this machine under sanitizers.

Scripts in tests/unit/sh have their expected output beside them; where dash
is installed it must say the same. Typing is tried on a pseudo terminal.
"""
import os
import pty
import re
import select
import shutil
import subprocess
import time
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
SCRIPTS = sorted((TOP / "tests/unit/sh").glob("*.sh"))


@pytest.fixture(scope="session")
def shell(tmp_path_factory):
    out = tmp_path_factory.mktemp("bin") / "sh"
    sources = sorted(str(p) for p in (TOP / "user/sh").glob("*.c"))
    subprocess.run(
        ["gcc", "-std=gnu2x", "-g", "-O1", "-Wall", "-Wextra", "-Werror",
         "-Wno-format-truncation", "-fsanitize=address,undefined",
         "-fno-sanitize-recover=all", "-o", str(out), *sources], check=True)
    return out


def environment(shell):
    # The shell's sanitizers complain to its output, which is compared.
    return dict(os.environ, PATH="%s:/usr/bin:/bin" % shell.parent,
                ASAN_OPTIONS="detect_leaks=0", LC_ALL="C")


def run(argv, cwd, env):
    return subprocess.run(argv, cwd=cwd, env=env, timeout=60,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL).stdout.decode()


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda p: p.stem)
def test_a_script_prints_what_it_should(shell, tmp_path, script):
    want = script.with_suffix(".out").read_text()
    assert run([shell, script], tmp_path, environment(shell)) == want


@pytest.mark.skipif(shutil.which("dash") is None, reason="no dash here")
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda p: p.stem)
def test_another_shell_agrees(shell, tmp_path, script):
    want = script.with_suffix(".out").read_text()
    env = dict(environment(shell), PATH="/usr/bin:/bin")
    assert run(["dash", script], tmp_path, env) == want


@pytest.mark.parametrize("text,status", [
    ("exit 7", 7), ("true", 0), ("false", 1), ("no-such-command-at-all", 127),
    ("echo (", 2), ("(exit 3)", 3), ("exec false", 1), ("kill -9 $$", -9),
    ("set -e; false; exit 0", 1), ("trap 'exit 5' EXIT; true", 5),
])
def test_a_status_comes_out(shell, tmp_path, text, status):
    p = subprocess.run([shell, "-c", text], cwd=tmp_path, timeout=20,
                       env=environment(shell), stderr=subprocess.DEVNULL)
    assert p.returncode == status


PROMPT = r"P> $"


class Typist:
    def __init__(self, shell, home):
        env = dict(environment(shell), HOME=str(home), PS1="P> ",
                   TERM="vt100")
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(home)
            os.execve(shell, ["sh"], env)
        self.text = ""
        self.expect(PROMPT)

    def pump(self, wait):
        if not select.select([self.fd], [], [], wait)[0]:
            return True
        try:
            data = os.read(self.fd, 4096)
        except OSError:
            return False
        text = data.decode(errors="replace")
        self.text += re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", text)
        return bool(data)

    def expect(self, pattern, seconds=10):
        end = time.time() + seconds
        while not re.search(pattern, self.text, re.M):
            assert time.time() < end and self.pump(0.2), \
                "no %r in %r" % (pattern, self.text)
        got, self.text = self.text, ""
        return got

    def type(self, keys, pattern=PROMPT):
        """What came until the pattern and, if a line ends it, the prompt:
        keys that come earlier meet the terminal's own editing."""
        os.write(self.fd, keys.encode())
        return self.expect(pattern + r"\n(.|\n)*" + PROMPT
                           if pattern.endswith(r"\r$") else pattern)

    def end(self):
        os.write(self.fd, b"exit 3\r")
        while self.pump(1):
            pass
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


@pytest.fixture
def typist(shell, tmp_path):
    t = Typist(shell, tmp_path)
    yield t
    assert t.end() == 3


def test_lines_are_edited(typist):
    assert "aXbc!\r\n" in typist.type(
        "echo abc\x1b[D\x1b[DX\x01\x05!\r", r"^aXbc!\r\n(.|\n)*P> $")
    typist.type("ech\to tab\x17done\r", r"^o? ?done\r$")
    typist.type("zzz\x15echo after\r", r"^after\r$")


def test_history_comes_back(typist, tmp_path):
    typist.type("echo first\r", r"^first\r$")
    typist.type("echo second\r", r"^second\r$")
    typist.type("\x1b[A\x1b[A\r", r"^first\r$")
    typist.type("\x12sec\r", r"^second\r$")
    assert "echo first\n" in (tmp_path / ".sh_history").read_text()


def test_names_are_completed(typist, tmp_path):
    (tmp_path / "a long name").write_text("found it\n")
    typist.type("cat a\t\r", r"^found it\r$")
    typist.type("LONGVARIABLE=value\r")
    typist.type("echo $LONGV\t\r", r"^value\r$")


def test_jobs_stop_and_go_on(typist):
    os.write(typist.fd, b"sleep 60\r")
    time.sleep(0.5)
    typist.type("\x1a", r"Stopped +sleep 60")
    typist.type("bg\r", r"\[1\] sleep 60 &")
    typist.type("jobs\r", r"Running +sleep 60")
    typist.type("fg\r", r"^sleep 60\r\n")
    time.sleep(0.3)
    typist.type("\x03")
    typist.type("echo st=$?\r", r"^st=130\r$")
    typist.type("sleep 0.2 &\r", r"\[1\] [0-9]+")
    time.sleep(0.6)
    typist.type("\r", r"\[1\].*Done +sleep 0.2")


def test_an_interrupt_ends_a_loop(typist):
    os.write(typist.fd, b"while :; do :; done\r")
    time.sleep(0.5)
    typist.type("\x03")
    typist.type("echo alive\r", r"^alive\r$")


def test_a_command_goes_over_lines(typist):
    typist.type("for i in 1 2\r", r"^> $")
    typist.type("do echo n$i\r", r"> $")
    got = typist.type("done\r", r"^n2\r$")
    assert "n1" in got
