#!/usr/bin/python3
"""Measures the code and checks its limits (CONTRIBUTING.md, sizes).

    metrics.py             the table per folder, and what breaks a limit
    metrics.py --check     only what breaks a limit; status 1 if anything does
    metrics.py --json      the totals, for tools
"""
import json
import re
import statistics
import sys
from pathlib import Path

TOPS = ("lib", "include", "arch", "kernel", "mm", "fs", "net", "drivers",
        "abi", "user")
FUNCTION_LINES, FILE_LINES, HEADER_LINES = 80, 900, 600
COLUMNS, DEFINE_COLUMNS, PARAMETERS, NESTING = 80, 110, 5, 3
# Names whose parameters others chose: what the compiler calls.
COMPILERS = {"compare_exchange_1": "__atomic_compare_exchange_1 of GCC's ABI"}
WORDS = re.compile(r"\b(stub|dummy|hack|FIXME|XXX|for now|simplified)\b",
                   re.I)
ARCH_MACRO = re.compile(r"\b__(riscv|aarch64__|x86_64__|i386__)")


def strip(text):
    """Blanks comments, strings and character constants, keeping lines."""
    def blank(m):
        return re.sub(r"[^\n]", " ", m.group())
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|'
                  r"'(?:\\.|[^'\\\n])+'", blank, text, flags=re.S)


def comments(text):
    found = re.findall(r"/\*.*?\*/|//[^\n]*", text, re.S)
    return sum(c.count("\n") + 1 for c in found)


class Function:
    def __init__(self, name, line, body, args, free):
        self.name, self.line, self.free = name, line, free
        self.lines = body.count("\n") + 1
        depth = top = 0
        for c in body:
            depth += (c == "{") - (c == "}")
            top = max(top, depth)
        self.nesting = top - 1
        inner, self.parameters = 0, 0 if args.strip() in ("", "void") else 1
        for c in args:
            inner += (c in "([") - (c in ")]")
            self.parameters += c == "," and inner == 0
        self.conditionals = re.findall(r"^[ \t]*#[ \t]*if", body, re.M)


HEAD = re.compile(r"^([A-Za-z_]\w*)\(([^;{}]*?)\)[^;{}()]*(?:\([^;{}]*\))?"
                  r"\s*\n\{\n", re.M)


def functions(text):
    code = strip(text)
    for m in HEAD.finditer(code):
        end = re.compile(r"^\}", re.M).search(code, m.end())
        if end is None:
            continue
        start = code.rindex("{", 0, m.end())
        raw = text[m.start():end.end()]
        yield Function(m.group(1), code.count("\n", 0, m.start()) + 1,
                       code[start:end.end()], m.group(2),
                       "/* long:" in raw)


def width(line):
    return len(line.expandtabs(8))


def check_file(path, text, funcs):
    lines = text.splitlines()
    limit = FILE_LINES if path.suffix == ".c" else HEADER_LINES
    if path.suffix in (".c", ".h") and len(lines) > limit:
        yield "%s: %d lines, limit %d" % (path, len(lines), limit)
    for n, line in enumerate(lines, 1):
        limit = COLUMNS if not line.startswith("#define") else DEFINE_COLUMNS
        if path.suffix in (".c", ".h") and width(line) > limit:
            yield "%s:%d: %d columns" % (path, n, width(line))
        m = WORDS.search(line)
        if m:
            yield '%s:%d: says "%s"' % (path, n, m.group())
        if str(path).split("/")[0] not in ("arch", "abi", "user") and \
                re.match(r"\s*#\s*if", line) and ARCH_MACRO.search(line):
            yield "%s:%d: asks for the architecture" % (path, n)
    for f in funcs:
        where = "%s:%d: %s" % (path, f.line, f.name)
        if f.lines > FUNCTION_LINES and not f.free:
            yield "%s is %d lines, limit %d" % (where, f.lines,
                                                FUNCTION_LINES)
        # The C library's prototypes are not ours to choose.
        if f.parameters > PARAMETERS and f.name not in COMPILERS and \
                path.parts[:2] != ("user", "lib"):
            yield "%s takes %d parameters, limit %d" % (
                where, f.parameters, PARAMETERS)
        if f.nesting > NESTING:
            yield "%s nests %d deep, limit %d" % (where, f.nesting, NESTING)
        if f.conditionals:
            yield "%s has a conditional of the preprocessor" % where


def folder(path):
    parts = path.parts
    return "/".join(parts[:2]) if len(parts) > 2 else parts[0]


def p90(values):
    return sorted(values)[int(len(values) * 0.9)] if values else 0


def row(name, files):
    funcs = [f.lines for _, _, fs in files for f in fs]
    sizes = [t.count("\n") for p, t, _ in files if p.suffix == ".c"]
    lines = sum(t.count("\n") for _, t, _ in files)
    said = sum(comments(t) for _, t, _ in files)
    return (name, len(files), lines, len(funcs),
            int(statistics.median(funcs)) if funcs else 0, p90(funcs),
            max(funcs, default=0),
            int(statistics.median(sizes)) if sizes else 0,
            max(sizes, default=0), 100 * said // max(lines, 1))


def main():
    files, problems = [], []
    for top in TOPS:
        for path in sorted(Path(top).rglob("*")):
            if path.suffix not in (".c", ".h", ".S", ".def"):
                continue
            text = path.read_text(errors="replace")
            funcs = list(functions(text)) if path.suffix in (".c", ".h") \
                else []
            files.append((path, text, funcs))
            problems += check_file(path, text, funcs)
    if "--json" in sys.argv:
        names = ("name files lines functions median p90 max file_median "
                 "file_max comments").split()
        print(json.dumps(dict(zip(names, row("all", files)))))
        return
    if "--check" not in sys.argv:
        print("%-20s %5s %6s %5s  %s   %s  %s" % (
            "folder", "files", "lines", "funcs", "median p90  max",
            "file median  max", "comments"))
        groups = {}
        for f in files:
            groups.setdefault(folder(f[0]), []).append(f)
        for name, part in [*sorted(groups.items()), ("all", files)]:
            print("%-20s %5d %6d %5d  %6d %3d %4d   %11d %4d  %7d%%" %
                  row(name, part))
    for p in problems:
        print("metrics: " + p)
    sys.exit(bool(problems))


if __name__ == "__main__":
    main()
