"""The shell on the console, and one line of it by `make run CMD=...`."""
import pytest


def test_the_prompt_comes_and_a_line_runs(console):
    assert console.line("echo one two") == "one two\n"


def test_a_command_gives_its_output_and_status(run_line, smp):
    assert run_line("echo out; exit 7", smp=smp) == (7, "out\n")


def test_true_and_false_have_their_status(run_line):
    assert run_line("true") == (0, "")
    assert run_line("false")[0] == 1


def test_a_missing_command_is_127(run_line):
    status, text = run_line("no-such-program")
    assert status == 127
    assert "no-such-program" in text


def test_standard_input_reaches_the_command(run_line):
    status, text = run_line("cat", stdin=b"typed\n")
    assert status == 0
    assert text.endswith("typed\n")


def test_extra_keeps_names_and_modes(run_line, tmp_path):
    extra = tmp_path / "extra"
    (extra / "sub").mkdir(parents=True)
    script = extra / "sub/script"
    script.write_text("#!/system/bin/sh\necho ran $0 $1\n")
    script.chmod(0o755)
    (extra / "plain").write_text("text\n")
    (extra / "plain").chmod(0o640)
    assert run_line("/extra/sub/script a && cat /extra/plain",
                    extra=extra) == (0, "ran /extra/sub/script a\ntext\n")


@pytest.mark.parametrize("mem", ["64M", "128M", "1G", "3G"])
def test_it_boots_in(run_line, mem):
    assert run_line("echo up", mem=mem) == (0, "up\n")


def test_poweroff_ends_the_machine_in_order(boot):
    c = boot()
    c.prompt()
    c.send("poweroff\r")
    assert c.wait_end() == 0


def test_an_unknown_option_does_not_stop_the_boot(run_line):
    assert run_line("echo up", append="nonsense=1 =x quiet=") == (0, "up\n")
