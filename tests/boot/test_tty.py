"""The console as a terminal: typing, keys, flow, an editor on the screen."""
import pytest

BUSYBOX = "/abi/linux/bin/busybox"


@pytest.fixture
def two(boot):
    c = boot(smp=2)
    c.prompt()
    return c


def run(c, command):
    """Starts command; the shell's own line editing is over by then, so that
    what is typed next meets the terminal's."""
    c.send("echo re''ady; %s\r" % command)
    c.expect(r"ready\n")


def test_a_line_is_edited_before_it_is_read(two):
    run(two, "cat")
    two.send("wrong\x15one twoo\x7f three\x17\x16\x03\r")
    two.expect(r"one two \x03\n")  # what cat read, without the three
    two.send("part\x04")
    two.expect(r"partpart")  # the echo, and what cat gave back
    two.send("\r\x04")
    two.prompt()


def test_the_interrupt_key_ends_and_suspend_stops(two):
    run(two, "cat")
    two.send("lost\x03")
    two.expect(r"\^C")
    two.prompt()
    run(two, "%s cat" % BUSYBOX)
    two.send("runs\r")
    two.expect(r"runs\n(.*\n)*runs\n")
    two.send("\x1a")
    two.prompt()
    two.send("fg\r")
    two.expect(r"fg\n.*busybox cat\n")
    two.pump(1)  # the modes change after that line
    two.send("again\r")
    two.expect(r"again\n(.*\n)*again\n")
    two.send("\x04")
    two.prompt()


def test_output_stops_and_goes_on(two):
    run(two, "cat")
    two.send("\x13held\r")
    two.pump(1)
    assert "held" not in two.text
    two.send("\x11")
    two.expect(r"held\nheld\n")
    two.send("\x04")
    two.prompt()


def test_a_background_reader_is_stopped(two):
    two.send("cat &\r")
    two.prompt()
    while "Stopped" not in two.line("jobs"):
        two.pump(0.3)  # it has not come to its read yet
    two.send("kill -9 %1\r")
    two.prompt()


def test_an_editor_edits_a_file_on_the_screen(two):
    two.line("echo first > /tmp/text")
    run(two, "%s vi /tmp/text" % BUSYBOX)
    two.expect(r"first")
    two.send("osecond")
    two.expect(r"Modified")
    two.send("\x1b")
    two.expect(r"- /tmp/text")  # the command mode's line
    two.send("ggx")
    two.send(":wq\r")
    two.expect(r"\[\?1049l")
    two.expect(r"[#$] ")
    assert two.line("cat /tmp/text") == "irst\nsecond\n"


def test_the_modes_are_as_they_were_after_an_editor(two):
    before = two.line("stty -a")
    run(two, "%s vi /tmp/none" % BUSYBOX)
    two.expect(r"~")
    two.send(":q!\r")
    two.expect(r"\[\?1049l")
    two.expect(r"[#$] ")
    assert two.line("stty -a") == before
