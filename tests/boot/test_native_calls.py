"""Native calls, by tests/boot/native.c."""
import shutil

import pytest

from conftest import ARCH, B


@pytest.fixture
def native(tmp_path):
    (tmp_path / "x").mkdir()
    shutil.copy(B / (ARCH + "-user") / "tests/boot/boot_native",
                tmp_path / "x/native")
    return tmp_path / "x"


def test_a_wait_set_goes_on_after_a_stop(run_line, native):
    assert run_line("/extra/native wait", mem="64M", extra=native) == \
        (0, "rung: 1, value 7\nno room: invalid argument\n")


def test_a_group_that_spawns_is_killed_as_a_whole(run_line, native):
    assert run_line("/extra/native spawns", mem="64M", extra=native) == \
        (0, "chains left: 0\n")
