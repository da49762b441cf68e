"""Files that the kernel hands to a program: runtimes and "#!"."""
import pytest

RUNNER = "#!/system/bin/sh\necho runner: \"$@\"\n"


@pytest.fixture
def delegated(run_line, tmp_path):
    """Runs a line with two runtimes registered and files for them at hand."""
    for name, text in [("runner", RUNNER), ("x.foo", "?"), ("mod", "\0asm?"),
                       ("script", "#!/extra/runner one arg\n")]:
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)

    def run(line):
        return run_line(
            "echo ':foo:E::foo::/extra/runner:' > /proc/carmine/runtimes; "
            "echo ':asm:M::\\x00asm::/extra/runner:' > "
            "/proc/carmine/runtimes; " + line, extra=str(tmp_path))
    return run


@pytest.mark.parametrize("shell", [
    "/system/bin/sh", "/abi/linux/bin/busybox sh", "/abi/xv6/bin/sh"])
def test_a_suffix_a_magic_and_a_script(delegated, shell):
    lines = ["/extra/x.foo a b", "/extra/mod c", "/extra/script d"]
    status, text = delegated(
        "; ".join("echo %s | %s" % (x, shell) for x in lines))
    assert status == 0
    for want in ["runner: /extra/x.foo a b\n", "runner: /extra/mod c\n",
                 "runner: one arg /extra/script d\n"]:
        assert want in text


def test_the_runtimes_are_listed(delegated):
    _, text = delegated("cat /proc/carmine/runtimes")
    assert text == (":foo:E::foo::/extra/runner:\n"
                    ":asm:M::\\x00asm::/extra/runner:\n")


def test_a_runtime_is_forgotten(delegated):
    status, text = delegated(
        "echo -asm > /proc/carmine/runtimes; /extra/mod")
    assert status != 0 and "runner" not in text


def test_ktrace_shows_calls_of_each_abi_across_exec(run_line):
    status, text = run_line(
        "ktrace /abi/xv6/bin/echo hi; ktrace /abi/linux/bin/busybox echo ho")
    assert status == 0
    assert 'xv6:write(1, "hi", 2)' in text
    assert "xv6:call_" not in text
    assert 'linux:write(1, "ho' in text


def test_ktrace_of_a_process_that_ends(run_line):
    status, text = run_line(
        "sh -c 'sleep 2; echo end >/dev/null' & ktrace -p $! 2>&1")
    assert status == 0, text
    assert "no such task" not in text
    assert "end" in text


def test_the_zones_are_told(run_line):
    assert run_line("sort /proc/carmine/zones") == (
        0, "/abi/linux linux\n/abi/xv6 xv6\n")
