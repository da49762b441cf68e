"""riscv64 machines that differ from the usual one: other interrupt
controllers and processors, eight CPUs, tables of three levels."""
import pytest
import qemu
from conftest import ARCH, PROMPT

pytestmark = pytest.mark.skipif(ARCH != "riscv64", reason="riscv64's own")

MIXED = "scat /etc/passwd | /abi/linux/bin/grep root | /abi/xv6/bin/wc -l"


def machine(board="", cpu=None):
    argv = list(qemu.MACHINES["riscv64"])
    argv[2] += board
    if cpu:
        argv[4] = cpu
    return argv


def a_session(c):
    """Input, output and a signal from the console, three ABIs, threads."""
    c.prompt()
    assert c.line(MIXED) == "1\n"
    assert c.line("/abi/linux/bin/python3 -c 'print(6 * 7)'") == "42\n"
    c.send("sh -c 'echo up; sleep 1000'\r")
    c.expect(r"\nup\n")
    c.send("\x03")
    c.prompt()
    assert c.line("echo $?") == "130\n"


@pytest.mark.parametrize("aia", ["aplic", "aplic-imsic"])
def test_an_advanced_interrupt_controller(boot, aia):
    c = boot(smp=4, machine=machine(",aia=" + aia))
    a_session(c)
    assert "aplic" in c.line("dmesg | grep aplic@")


@pytest.mark.parametrize("cpu", ["rv64,sstc=false,svpbmt=false,h=false",
                                 "sifive-u54"])
def test_a_processor_with_less(boot, cpu):
    a_session(boot(smp=2, machine=machine(cpu=cpu)))


def test_eight_cpus(boot):
    c = boot(smp=8)
    a_session(c)
    assert c.line("nproc; /abi/linux/bin/nproc") == "8\n8\n"
    assert c.line("grep -c hart /proc/cpuinfo") == "8\n"


def test_tables_of_three_levels(boot):
    c = boot(smp=2, append="sv39")
    a_session(c)
    assert "sv39" in c.line("grep mmu /proc/cpuinfo")
    stack = c.line("grep stack /proc/self/maps")
    assert int(stack.split("-")[0], 16) < 1 << 38


def test_a_break_and_a_key_ask_the_kernel(boot):
    c = boot(smp=2, mux=True)
    c.prompt()
    for key, answer in [
            ("h", r"sysrq: b reboot, c crash"), ("m", r"sysrq: \d+ KiB: \d+"),
            ("t", r"sysrq: +1 init +sleeping +1 threads"),
            ("l", r"sysrq: cpu \d\n(.*\n)* +[0-9a-f]{16} \w+\+0x")]:
        c.send("\x01b" + key)  # the emulator's: a break on the line
        c.expect(answer)
    # While much is written, too: that reads the line's status as well.
    c.send("\rwhile :; do echo much; done\r")
    for _ in range(20):
        c.expect(r"much\n(?s:.*)much\n")
        c.send("\x01bm")
        c.expect(r"sysrq: \d+ KiB: \d+")
    c.send("\x03")
    c.expect(PROMPT)
    # With no process that could answer.
    c.send("\rsh -c 'echo up; while :; do :; done'\r")
    c.expect(r"\nup\n")
    c.send("\x01bt")
    c.expect(r"sh +running")
    c.send("\x03")
    c.expect(PROMPT)
    c.send("\x01bo")
    assert c.wait_end() == 0
