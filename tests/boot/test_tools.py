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


@pytest.mark.parametrize("line,want", [
    ("ls -l /dev/null | cut -c 1-42",
     "crw-rw-rw-   1 root     root        1,   3\n"),
    ("printf 'a\\n\\n\\nb\\n' | cat -n",
     "     1\ta\n     2\t\n     3\t\n     4\tb\n"),
    ("printf 'a\\n\\n\\nb\\n' | cat -bs", "     1\ta\n\n     2\tb\n"),
    ("echo a | wc -l -; echo b | grep -c b -", "1\n1\n"),
    ("echo a >/tmp/1; echo b | cat -n /tmp/1 -", "     1\ta\n     2\tb\n"),
    ("cd /tmp; echo 123 >f; chmod 4751 f; /abi/linux/bin/touch -d @1577934245 "
     "f; "
     "stat -c '%n:%s:%a:%A:%U.%G:%u.%g:%h:%F:%Y %y%%' f",
     "f:4:4751:-rwsr-x--x:root.root:0.0:1:regular file:1577934245 "
     "2020-01-02 03:04:05.000000000 +0000%\n"),
    ("stat -c '%t,%T %F' /dev/null", "1,3 character device\n"),
    ("stat -c %k /dev/null 2>&1", "stat: %k: no such attribute\n"),
])
def test_what_a_tool_prints(shell, line, want):
    assert shell(line)[1] == want
