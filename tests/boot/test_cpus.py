"""Many CPUs, and interrupts that nothing holds off."""
import socket
import subprocess
import time

import pytest

from conftest import ARCH

MOST = {"x86_64": 16, "aarch64": 8, "riscv64": 8}[ARCH]


def test_many_cpus(run_line):
    """A program moves itself to each CPU and asks where it runs."""
    status, text = run_line(
        "nproc; /abi/linux/bin/python3 -c 'import os; [print(open("
        "\"/proc/self/stat\").read().split()[38]) for n in range(%d) "
        "if not os.sched_setaffinity(0, {n})]'" % MOST, smp=MOST, limit=200)
    assert status == 0
    assert text.split() == [str(MOST)] + [str(n) for n in range(MOST)]


# Keeps every way into the kernel and out of it busy, with a user's GS base
# that would be taken for the kernel's wherever an NMI finds the wrong one.
BUSY = r"""
#define _GNU_SOURCE
#include <asm/prctl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static volatile unsigned long alarms;
static void count(int n) { alarms++; }

int main(void)
{
	struct itimerval often = { { 0, 1000 }, { 0, 1000 } };
	static unsigned long word = 0x600d;
	unsigned long calls = 0, wrong = 0, got;
	time_t end = time(NULL) + 6;

	signal(SIGALRM, count);
	signal(SIGSEGV, SIG_IGN);
	syscall(SYS_arch_prctl, ARCH_SET_GS, &word);
	setitimer(ITIMER_REAL, &often, NULL);
	while (time(NULL) < end)
		for (int i = 0; i < 1000; i++, calls++) {
			wrong += syscall(SYS_getppid) != getppid();
			__asm__ volatile("movq %%gs:0, %0" : "=r"(got));
			wrong += got != word;
		}
	printf("calls %d alarms %d wrong %lu\n", calls > 1000, alarms > 10,
	    wrong);
	return 0;
}
"""


@pytest.mark.skipif(ARCH != "x86_64", reason="NMIs and swapgs are x86's")
def test_nmis_at_any_instruction(boot, tmp_path):
    """They come in the window where the stack and GS are still the user's."""
    (tmp_path / "x").mkdir()
    (tmp_path / "busy.c").write_text(BUSY)
    subprocess.run(["gcc", "-static", "-O1", "-o", str(tmp_path / "x/busy"),
                    str(tmp_path / "busy.c")], check=True)
    path = str(tmp_path / "qmp")
    c = boot(smp=2, extra=tmp_path / "x",
             more=("-qmp", "unix:%s,server=on,wait=off" % path))
    c.prompt()
    qmp = socket.socket(socket.AF_UNIX)
    qmp.connect(path)
    qmp.settimeout(30)
    lines = qmp.makefile("rw")
    lines.readline()

    def ask(command):
        lines.write('{"execute": "%s"}\n' % command)
        lines.flush()
        return lines.readline()

    ask("qmp_capabilities")
    c.send("/extra/busy & /extra/busy & /extra/busy; wait\r")
    end, sent = time.monotonic() + 6, 0
    while time.monotonic() < end:
        assert "error" not in ask("inject-nmi")
        sent += 1
    for _ in range(3):
        c.expect("calls 1 alarms 1 wrong 0\n", 60)
    assert sent > 500
    c.prompt()
    qmp.close()
