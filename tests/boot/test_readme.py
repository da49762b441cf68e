"""The session at the head of README.md is what a run prints."""
import re

import pytest
from conftest import ARCH, SEQUENCES, TOP

PROMPT = re.compile(r"(?:~ \$ |root@carmine:~# |\$ )")


def recorded():
    return (TOP / "README.md").read_text().split("```\n", 2)[1]


def steps(text):
    """What is shown, and the keys that answer it."""
    shown = ""
    for line in text.splitlines():
        prompts = []
        while m := PROMPT.match(line):
            prompts.append(m.group())
            line = line[m.end():]
        for p in prompts[:-1]:
            yield shown + p, "\x04"
            shown = ""
        if prompts:
            yield shown + prompts[-1], line + "\r"
            shown = line + "\n"
        elif line in ("^Z", "^C"):
            yield shown, chr(ord(line[1]) - 64)
            shown = line + "\n"
        else:
            shown += line + "\n"
    yield shown, ""


def plain(text):
    """Without colours, and with times, sizes and versions the same."""
    return re.sub(r" *\d[\d.]+", "N", re.sub(SEQUENCES, "", text))


@pytest.mark.skipif(ARCH != "riscv64", reason="it was recorded on riscv64")
def test_the_session_is_what_a_run_prints(boot):
    c = boot(smp=2)
    c.expect(r"(?=\[ +\d+\.\d+\] Carmine)", 60)
    for shown, keys in steps(recorded()):
        before = c.at
        if keys:
            last = re.escape(shown.splitlines(True)[-1])
            c.expect("(?m)^" + SEQUENCES + last + SEQUENCES + r"\Z", 30)
        else:
            assert c.wait_end() == 0
            c.at = len(c.all)
        assert plain(c.all[before:c.at]) == plain(shown)
        if len(keys) == 1:
            c.pump(1)  # a key for the program, which has to be there
        c.send(keys)
