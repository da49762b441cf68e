"""Programs of three systems in one pipeline, in every order."""
import itertools

import pytest

# Each prints what it reads, or /etc/passwd as the first of a pipeline.
CAT = {
    "native": "/system/bin/cat",
    "linux": "/abi/linux/bin/busybox cat",
    "linux-dynamic": "/abi/linux/bin/cat",
    "xv6": "/abi/xv6/bin/cat",
}
GREP = {
    "linux": "/abi/linux/bin/busybox grep root",
    "linux-dynamic": "/abi/linux/bin/grep root",
    "xv6": "/abi/xv6/bin/grep root",
}
COUNT = {
    "linux": "/abi/linux/bin/busybox wc -l",
    "linux-dynamic": "/abi/linux/bin/wc -l",
}


def test_the_signature_pipeline(run_line, smp):
    status, text = run_line("scat /etc/passwd | /abi/linux/bin/busybox grep "
                            "root | /abi/xv6/bin/wc -l", smp=smp)
    assert status == 0
    assert text.split()[0] == "1"


@pytest.mark.parametrize("first,second,third",
                         itertools.product(CAT, GREP, COUNT))
def test_a_pipeline_of(shell, first, second, third):
    line = "%s < /etc/passwd | %s | %s" % (CAT[first], GREP[second],
                                           COUNT[third])
    assert shell(line) == (0, "1\n")


def test_bash_reports_the_status_of_a_native_program(run_line):
    line = "/abi/linux/bin/bash -c '/system/bin/sh -c \"exit 5\"; echo $?'"
    assert run_line(line) == (0, "5\n")


def test_the_xv6_shell_runs_a_native_program(boot):
    c = boot()
    c.prompt()
    c.send("/abi/xv6/bin/sh\r")
    c.expect(r"\$ ")
    c.send("/system/bin/hello | cat\r")
    c.expect(r"(?i)hello[^\n]*\n")
    c.expect(r"\$ ")
