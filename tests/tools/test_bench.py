"""When the benchmark believes nanoseconds: tools/bench.py, class Settling."""
import sys
from pathlib import Path
from types import SimpleNamespace

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
import bench  # noqa: E402

ARGS = SimpleNamespace(only="a|b")
SYSTEM = SimpleNamespace(name="carmine")


def settle(monkeypatch, boots, most=10):
    """boots: {line: (ns, null call)} of each in turn. What was asked for in
    each, and the figures."""
    asked, turns = [], iter(boots)

    def program(args, system, unit, smp, only):
        asked.append(only)
        return {("BENCH", name): figures
                for name, figures in next(turns).items()}

    monkeypatch.setattr(bench, "program", program)
    least = bench.Settling(most).run(ARGS, [SYSTEM], "ns", 1)
    return asked, {name: ns for (_, (_, name)), ns in least.items()}


def test_two_boots_that_agree_are_enough(monkeypatch):
    asked, least = settle(monkeypatch, [
        {"a": (100, 50), "b": (200, 50)}, {"a": (105, 51), "b": (190, 52)}])
    assert asked == ["a|b", "a|b"]
    assert least == {"a": 100, "b": 190}


def test_a_line_runs_again_until_its_least_is_seen_twice(monkeypatch):
    asked, least = settle(monkeypatch, [
        {"a": (100, 50), "b": (300, 50)}, {"a": (101, 50), "b": (200, 50)},
        {"b": (290, 50)}, {"b": (210, 50)}])
    assert asked == ["a|b", "a|b", "b", "b"]
    assert least == {"a": 100, "b": 200}


def test_what_slow_boots_agree_on_is_not_believed(monkeypatch):
    asked, least = settle(monkeypatch, [
        {"a": (200, 100)}, {"a": (201, 50)}, {"a": (100, 50)},
        {"a": (99, 51)}])
    assert len(asked) == 4
    assert least == {"a": 99}


def test_it_ends_when_nothing_agrees(monkeypatch):
    asked, least = settle(monkeypatch, [
        {"a": (900 - 100 * i, 50)} for i in range(4)], most=4)
    assert len(asked) == 4
    assert least == {"a": 600}
