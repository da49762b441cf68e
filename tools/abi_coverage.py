#!/usr/bin/python3
"""Makes the call tables of docs/abi-*.md from the ABI's own call table.

    abi_coverage.py abi/linux/table_generic.def abi/linux docs/abi-linux.md \\
        tests/abi/linux            rewrite what stands between the markers
    abi_coverage.py --check ...    fail if that would change the page

A line of the table is SYS(number, name, handler, "kinds"). Each call gets the
file of its handler, how it differs (the "Differs:" line of the handler's or
the file's comment), and the tests whose source calls it.
"""
import argparse
import re
import sys
from pathlib import Path

BEGIN = "<!-- calls: made by tools/abi_coverage.py -->"
END = "<!-- end of calls -->"
SYS = re.compile(r'^SYS\((\d+),\s*(\w+),\s*(\w+),\s*"([a-z]*)"\)', re.M)
COMMENT = re.compile(r"/\*(.*?)\*/", re.S)
DIFFERS = re.compile(r"Differs:(.*)", re.S)
# How the C library, or POSIX, names a call.
OTHER_NAMES = {
    "newfstatat": ["stat", "lstat", "fstatat"], "faccessat": ["access"],
    "faccessat2": ["access", "faccessat"], "openat": ["open"],
    "mkdirat": ["mkdir"], "mknodat": ["mknod", "mkfifo"],
    "unlinkat": ["unlink", "rmdir"], "symlinkat": ["symlink"],
    "linkat": ["link"], "renameat": ["rename"], "renameat2": ["rename2"],
    "readlinkat": ["readlink"], "fchmodat": ["chmod"],
    "fchownat": ["chown", "lchown"], "pread64": ["pread"],
    "pwrite64": ["pwrite"], "utimensat": ["futimens"], "dup3": ["dup2"],
    "epoll_pwait": ["epoll_wait"], "ppoll": ["poll"],
    "pselect6": ["select"], "wait4": ["wait", "waitpid"],
    "rt_sigaction": ["sigaction", "signal"],
    "rt_sigprocmask": ["sigprocmask"], "rt_sigsuspend": ["sigsuspend"],
    "rt_sigpending": ["sigpending"], "rt_sigqueueinfo": ["sigqueue"],
    "rt_sigtimedwait": ["sigtimedwait", "sigwaitinfo"],
    "rt_sigreturn": ["forged"], "exit_group": ["_exit"],
    "eventfd2": ["eventfd"], "signalfd4": ["signalfd"],
    "getdents64": ["readdir"], "prlimit64": ["setrlimit", "getrlimit"],
    "clone": ["fork", "vfork"], "execve": ["execl"], "pipe2": ["pipe"],
    "brk": ["sbrk"], "recvfrom": ["recv"], "sendto": ["send"],
    "exit": ["pthread_create"], "set_robust_list": ["pthread_create"],
    "sched_yield": ["sched_yield"], "umount2": ["umount"],
    "inotify_init1": ["inotify_init"], "epoll_create1": ["epoll_create"],
}


def differences(text):
    """The words after "Differs:" in a comment, in one line."""
    m = DIFFERS.search(text)
    if not m:
        return ""
    words = re.sub(r"\n\s*\*?\s*", " ", m.group(1)).strip()
    return re.split(r" (?:Source|Errors):", words)[0].rstrip(". ")


def handlers(folder):
    """Maps each handler to (file name, how it differs)."""
    found = {}
    for path in sorted(folder.rglob("*.c")):
        text = path.read_text()
        for m in re.finditer(r"\n(lx_\w+)\(struct thread", text):
            before = text[:m.start()].rsplit("\n}", 1)[-1]
            comment = COMMENT.findall(before)
            found[m.group(1)] = (path.name,
                                 differences(comment[-1]) if comment else "")
    return found


def tests_of(names, sources):
    return [name for name, text in sources.items()
            if any(re.search(r"\b(?:SYS_)?%s\b" % n, text) for n in names)]


def table(definition, folder, tests):
    where = handlers(folder)
    sources = {p.stem: p.read_text() for p in sorted(tests.glob("*.c"))}
    rows, tested = [], 0
    for number, name, handler, kinds in SYS.findall(definition.read_text()):
        if handler not in where:
            sys.exit("abi_coverage: %s has no handler %s" % (name, handler))
        file, differs = where[handler]
        by = tests_of([name] + OTHER_NAMES.get(name, []), sources)
        tested += bool(by)
        rows.append("| %s | `%s` | %s | %s | %s | %s |" % (
            number, name, " ".join(kinds) or "-", file,
            ", ".join(by[:4]) or "-", differs or "-"))
    head = ["%d calls, %d of them called by a test of `%s`." % (
                len(rows), tested, tests.as_posix()), "",
            "| number | name | arguments | file | tests | differs |",
            "| ---: | --- | --- | --- | --- | --- |"]
    return "\n".join(head + rows)


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--check", action="store_true")
    p.add_argument("definition", type=Path)
    p.add_argument("folder", type=Path)
    p.add_argument("page", type=Path)
    p.add_argument("tests", type=Path)
    a = p.parse_args()
    old = a.page.read_text()
    if BEGIN not in old or END not in old:
        sys.exit("abi_coverage: %s has no place for the table" % a.page)
    new = "%s%s\n%s\n%s%s" % (
        old[:old.index(BEGIN)], BEGIN,
        table(a.definition, a.folder, a.tests), END,
        old[old.index(END) + len(END):])
    if a.check and new != old:
        sys.exit("abi_coverage: %s is not what the code does; run %s" %
                 (a.page, Path(__file__).name))
    if not a.check:
        a.page.write_text(new)


if __name__ == "__main__":
    main()
