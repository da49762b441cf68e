"""The native tools: one file by many names, and what they print."""
import pytest


@pytest.mark.parametrize("line,want", [
    ("ln -s /system/bin/echo /tmp/say && /tmp/say x", "x\n"),
    ("/abi/linux/bin/bash -c 'exec -a wc /system/bin/echo x'", "x\n"),
    ("cp /system/bin/tools /tmp/cat; cd /tmp; echo a | ./cat", "a\n"),
    ("ls -i /system/bin/cat /system/bin/ls | cut -d/ -f1 | uniq | wc -l",
     "1\n"),
])
def test_a_tool_is_found_by_its_name(shell, line, want):
    status, text = shell(line + "; rm -f /tmp/say /tmp/seq /tmp/cat")
    assert status == 0
    assert text.split() == want.split()


def test_a_name_of_no_tool_lists_the_names(shell):
    status, text = shell("/system/bin/tools 2>&1")
    assert status == 127
    assert "not the name of a tool; there are cat chmod" in text
