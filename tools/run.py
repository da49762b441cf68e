#!/usr/bin/python3
"""Boots Carmine in QEMU. `make run` calls this; see `make help`.

Without a command the console is this terminal: Ctrl-A x leaves. With CMD the
native shell runs that line and powers off: what it prints goes to stdout, the
rest of the console to the log, and the status of the line is ours. Where
standard input is no terminal, the command is a shell that reads it. With
--plain everything goes to stdout and the log.

Status: the command's, 141 when nobody reads its output any more, or
    97  the machine ended before the command did
    98  the time limit (--limit) ran out
    99  the kernel panicked
"""
import argparse
import os
import re
import select
import signal
import subprocess
import sys
import termios
import time
import tty

import qemu

NO_EXIT, TIMEOUT, PANIC = 97, 98, 99
START = b"\x1b]carmine;start\x07"
EXIT = re.compile(rb"\x1b\]carmine;exit=(\d+)\x07")
PANIC_LINE = re.compile(rb"^[^\n]{0,40}\bpanic: ", re.M)
TAIL = 4096
# A shell's line editor would lose the Ctrl-D that is typed before its prompt.
READ_KEYS = "cat | $SHELL"
OFF_LIMIT = 20  # seconds for an orderly power-off after the command
ESCAPE = 0x01   # Ctrl-A; then x leaves, Ctrl-A sends one


class Output:
    """Splits the console's bytes: between the markers, and the rest."""

    def __init__(self, inside, outside):
        self.inside, self.outside = inside, outside
        self.started, self.status, self.held = False, None, b""

    def feed(self, data):
        data = self.held + data
        self.held = b""
        while data:
            data = self.step(data)

    def step(self, data):
        at = data.find(b"\x1b]")
        if at < 0:
            at = len(data) - 1 if data.endswith(b"\x1b") else len(data)
        if at:
            self.emit(data[:at])
            return data[at:]
        if data.startswith(START):
            self.started = True
            return data[len(START):]
        m = EXIT.match(data)
        if m and self.started:
            self.status = int(m.group(1))
            return data[m.end():]
        if self.could_be_marker(data):
            self.held = data
            return b""
        self.emit(data[:2])
        return data[2:]

    @staticmethod
    def could_be_marker(data):
        return START.startswith(data) or re.fullmatch(
            rb"\x1b(\](c(a(r(m(i(n(e(;(e(x(i(t(=\d{0,10})?)?)?)?)?)?)?)?)?)?"
            rb")?)?)?)?", data) is not None

    def emit(self, data):
        if self.started and self.status is None:
            self.inside(data)
        else:
            self.outside(data)

    def end(self):
        if self.held:
            self.emit(self.held)
            self.held = b""


class Newlines:
    """CR LF -> LF, for output that is no terminal."""

    def __init__(self, write):
        self.write, self.cr = write, False

    def __call__(self, data):
        if self.cr:
            data = b"\r" + data
        self.cr = data.endswith(b"\r")
        if self.cr:
            data = data[:-1]
        self.write(data.replace(b"\r\n", b"\n"))


class Input:
    """Our standard input, as keys on the console."""

    def __init__(self):
        self.fd, self.saved = sys.stdin.fileno(), None
        self.open, self.escape, self.last = True, False, b"\n"
        if os.isatty(self.fd):
            self.saved = termios.tcgetattr(self.fd)
            tty.setraw(self.fd)

    def read(self):
        """Gives the bytes to send, or None to leave."""
        data = os.read(self.fd, 512)
        if self.saved is None:
            if not data:
                # The end of a file is Ctrl-D; twice behind half a line.
                self.open = False
                return b"\x04" if self.last == b"\n" else b"\x04\x04"
            self.last = data[-1:]
            return data
        if not data:
            self.open = False
        keys = bytearray()
        for key in data:
            if self.escape:
                self.escape = False
                if key in b"xX":
                    return None
                keys += bytes([key]) if key != ESCAPE else b"\x01"
            elif key == ESCAPE:
                self.escape = True
            else:
                keys.append(key)
        return bytes(keys)

    def restore(self):
        if self.saved:
            termios.tcsetattr(self.fd, termios.TCSADRAIN, self.saved)


def write_all(fd, data):
    while data:
        data = data[os.write(fd, data):]


class Session:
    """One machine whose console we read to its end."""

    def __init__(self, argv, log, plain, limit):
        self.log, self.tail = open(log, "wb"), b""
        self.plain, self.limit, self.unread = plain, limit, False
        self.out = Output(self.to_stdout(), self.to_log)
        self.proc = subprocess.Popen(argv, stdin=subprocess.PIPE,
                                     stdout=subprocess.PIPE)

    def to_stdout(self):
        def write(data):
            try:
                write_all(1, data)
            except BrokenPipeError:
                self.unread = True
        return write if os.isatty(1) else Newlines(write)

    def to_log(self, data):
        self.log.write(data)
        self.log.flush()

    def console(self, data):
        self.tail = (self.tail + data)[-(1 << 20):]
        if self.plain:
            self.log.write(data)
            self.out.inside(data)
        else:
            self.out.feed(data)

    def run(self, keys):
        """Passes bytes both ways; gives why it ended."""
        begin, stop_at = time.monotonic(), None
        if self.limit:
            stop_at = begin + self.limit
        console, pending = self.proc.stdout.fileno(), b""
        sink = self.proc.stdin.fileno()
        os.set_blocking(sink, False)
        while True:
            ready = keys and keys.open and not pending and \
                (self.plain or self.out.started)
            r, w, _ = select.select([console] + ([keys.fd] if ready else []),
                                    [sink] if pending else [], [], 0.25)
            if console in r:
                data = os.read(console, 65536)
                if not data:
                    return "end"
                self.console(data)
                if self.unread:
                    return "unread"
            if ready and keys.fd in r:
                pending = keys.read()
                if pending is None:
                    return "left"
            if w:
                try:
                    pending = pending[os.write(sink, pending):]
                except BlockingIOError:
                    pass
                except BrokenPipeError:
                    pending = b""
            if self.out.status is not None and keys:
                keys, pending = None, b""
                stop_at = time.monotonic() + OFF_LIMIT
            if stop_at and time.monotonic() > stop_at:
                return "limit"

    def finish(self, why):
        if why != "end":
            self.proc.kill()
        code = self.proc.wait()
        self.out.end()
        self.log.close()
        text = self.tail.replace(b"\r\n", b"\n")
        panic = PANIC_LINE.search(text)
        if why == "left":
            return 130
        if why == "unread":
            return 128 + signal.SIGPIPE
        if panic and (self.plain or self.out.status is None or code != 0):
            if not self.plain:
                show(text[max(0, panic.start() - TAIL):])
            complain("the kernel panicked")
            return PANIC
        if why == "limit":
            show(b"" if self.plain else text[-TAIL:])
            complain("powering off takes too long"
                     if self.out.status is not None else
                     "no end after %g s" % self.limit)
            return TIMEOUT
        if self.plain:
            return code
        if self.out.status is None:
            show(text[-TAIL:])
            complain("the machine ended before the command did")
            return NO_EXIT
        return self.out.status


def show(data):
    sys.stdout.flush()
    write_all(2, b"\n" + data + b"\n")


def complain(text):
    print("run: " + text, file=sys.stderr)


def interactive(args, argv):
    """Gives QEMU our terminal; its multiplexer knows Ctrl-A x."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    saved = termios.tcgetattr(0) if os.isatty(0) else None
    if saved:
        # QEMU leaves output alone but for this: the guest ends its lines.
        raw = termios.tcgetattr(0)
        raw[1] &= ~termios.ONLCR
        termios.tcsetattr(0, termios.TCSADRAIN, raw)
    try:
        return subprocess.call(argv)
    finally:
        if saved:
            termios.tcsetattr(0, termios.TCSADRAIN, saved)


def debug(args, build):
    """QEMU stopped at its first instruction, and gdb on it."""
    sock = os.path.join(args.images, "gdb.sock")
    if os.path.exists(sock):
        os.unlink(sock)
    argv = build(("-chardev", "pty,id=con,logfile=" + args.log),
                 ("-S", "-chardev",
                  "socket,path=%s,server=on,wait=off,id=gdb" % sock,
                  "-gdb", "chardev:gdb"))
    here = os.path.dirname(os.path.abspath(__file__))
    with subprocess.Popen(argv, stdin=subprocess.DEVNULL,
                          process_group=0) as proc:
        while not os.path.exists(sock) and proc.poll() is None:
            time.sleep(0.05)
        complain("the console is the pty named above, and goes to " +
                 args.log)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            return subprocess.call(
                ["gdb-multiarch", "-q", args.gdb, "-ex",
                 "set architecture riscv:rv64" if args.arch == "riscv64"
                 else "set confirm off",
                 "-ex", "target remote " + sock,
                 "-x", os.path.join(here, "gdb", "carmine.py")],
                preexec_fn=lambda: signal.signal(signal.SIGINT,
                                                 signal.SIG_DFL))
        finally:
            proc.terminate()


def wrong(text):
    complain(text)
    sys.exit(2)


def arguments():
    env = os.environ.get
    ap = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    ap.add_argument("--arch", default="riscv64", choices=qemu.MACHINES)
    ap.add_argument("--kernel", required=True)
    ap.add_argument("--images", required=True)
    ap.add_argument("--smp", default=env("SMP") or qemu.default_smp())
    ap.add_argument("--mem", default=env("MEM") or "512M")
    ap.add_argument("--append", default=env("APPEND") or "")
    ap.add_argument("--cmd", default=env("CMD") or None)
    ap.add_argument("--extra", default=env("EXTRA") or None)
    ap.add_argument("--log", help="default: IMAGES/boot.log")
    ap.add_argument("--plain", action="store_true")
    ap.add_argument("--limit", type=float, help="seconds, then status 98")
    ap.add_argument("--icount", action="store_true", help="the clock "
                    "counts instructions, eight ns each; CPUs take turns")
    ap.add_argument("--cpu", help="a model of QEMU's instead of our own choice")
    ap.add_argument("--device", action="append", default=[],
                    help="one more of QEMU's, with its options")
    ap.add_argument("--gdb", metavar="ELF")
    ap.add_argument("--status-file", help="write our status there, end with "
                    "0")
    args = ap.parse_args()
    # Not by argparse, whose usage nobody typed who said `make run SMP=x`.
    if not re.fullmatch(r"[1-9]\d{0,2}", str(args.smp)):
        wrong("SMP=%s: want a number from 1" % args.smp)
    if args.cmd and "\n" in args.cmd:
        wrong("CMD is one line")
    if args.extra and not os.path.isdir(args.extra):
        wrong("EXTRA=%s: no such directory" % args.extra)
    try:
        if qemu.size_of(args.mem) < qemu.LEAST_MEMORY:
            wrong("MEM=%s: want at least %dM" %
                  (args.mem, qemu.LEAST_MEMORY >> 20))
    except ValueError as e:
        wrong("MEM=%s: %s" % (args.mem, e))
    args.log = args.log or os.path.join(args.images, "boot.log")
    return args


def run(args):
    if not (args.cmd or args.plain or args.gdb or os.isatty(0)):
        args.cmd = READ_KEYS
    image, temporary = qemu.initrd(qemu.image_for(args.images, args.mem),
                                   args.cmd, args.extra)

    # A debugger knows the addresses that the kernel was linked to.
    append = args.append + (" nokaslr" if args.gdb else "")

    def build(serial, more=()):
        for device in args.device:
            more = [*more, "-device", device]
        if args.cpu:
            more = [*more, "-cpu", args.cpu]
        if args.icount:
            more = [*more, "-icount", "shift=3,sleep=off"]
        return qemu.command(args.arch, args.kernel, image, args.smp,
                            args.mem, append.strip(), serial, more)
    try:
        if args.gdb:
            return debug(args, build)
        if not args.cmd and not args.plain:
            return interactive(args, build(
                ("-chardev", "stdio,id=con,mux=on,signal=off")))
        keys = Input()
        try:
            s = Session(build(("-chardev", "stdio,id=con,signal=off")),
                        args.log, args.plain, args.limit)
            why = "left"
            try:
                why = s.run(keys)
            finally:
                status = s.finish(why)
        finally:
            keys.restore()
        return status
    finally:
        if temporary:
            os.unlink(image)


def main():
    args = arguments()
    # Ended from outside: leave no machine and no image behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    status = run(args)
    if args.status_file:
        with open(args.status_file, "w") as f:
            f.write("%d\n" % status)
        status = 0
    sys.exit(status)


if __name__ == "__main__":
    main()
