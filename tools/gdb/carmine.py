"""Commands of gdb for a running Carmine; `help carmine` lists them.

Loaded by `make gdb` after gdb is connected to the machine."""
import gdb

LEVELS = 8192  # log bytes shown by default


def symbol(name):
    return gdb.parse_and_eval(name)


class Prefix(gdb.Command):
    """Carmine's commands: carmine log, cpus, thread, user."""

    def __init__(self):
        super().__init__("carmine", gdb.COMMAND_DATA, gdb.COMPLETE_NONE,
                         True)


class Log(gdb.Command):
    """carmine log [BYTES]: the end of the kernel log."""

    def __init__(self):
        super().__init__("carmine log", gdb.COMMAND_DATA)

    def invoke(self, arg, from_tty):
        logs = symbol("klogs")
        ring = logs["ring"]
        size = ring.type.sizeof
        end = int(logs["end"])
        count = min(int(arg or LEVELS), size, end)
        data = gdb.selected_inferior().read_memory(int(ring.address), size)
        raw = bytes(data)
        text = bytes(raw[(end - count + i) % size] for i in range(count))
        gdb.write(text.decode(errors="replace"))


def current(cpu_thread):
    """The struct thread that a hart's tp register points to."""
    head = gdb.lookup_type("struct thread").pointer()
    return gdb.parse_and_eval("$tp").cast(head)


class Cpus(gdb.Command):
    """carmine cpus: what every CPU runs and where."""

    def __init__(self):
        super().__init__("carmine cpus", gdb.COMMAND_DATA)

    def invoke(self, arg, from_tty):
        saved = gdb.selected_thread()
        for t in sorted(gdb.selected_inferior().threads(),
                        key=lambda t: t.num):
            t.switch()
            frame = gdb.newest_frame()
            where = frame.name() or hex(frame.pc())
            if frame.pc() < 1 << 63:
                gdb.write("cpu %d: user mode at %#x\n" % (t.num - 1,
                                                          frame.pc()))
                continue
            try:
                thread = current(t)
                gdb.write("cpu %d: %-16s tid %-5d preempt %d  in %s\n" % (
                    t.num - 1, thread["name"].string(),
                    int(thread["tid"]), int(thread["head"]["preempt"]),
                    where))
            except gdb.error as e:
                gdb.write("cpu %d: in %s (%s)\n" % (t.num - 1, where, e))
        saved.switch()


class Thread(gdb.Command):
    """carmine thread [EXPRESSION]: a struct thread, by default this CPU's."""

    def __init__(self):
        super().__init__("carmine thread", gdb.COMMAND_DATA)

    def invoke(self, arg, from_tty):
        thread = gdb.parse_and_eval(arg) if arg else current(None)
        gdb.write("%s\n" % thread.dereference().format_string(
            max_depth=2, pretty_structs=True))


class User(gdb.Command):
    """carmine user NAME: symbols of the native program NAME."""

    def __init__(self):
        super().__init__("carmine user", gdb.COMMAND_FILES)

    def invoke(self, arg, from_tty):
        elf = gdb.current_progspace().filename
        top, folder, _ = elf.rsplit("/", 2)  # .../aarch64-gcc-release/...
        gdb.execute("add-symbol-file %s/%s-user/debug/%s" %
                    (top, folder.split("-")[0], arg))


Prefix()
Log()
Cpus()
Thread()
User()
gdb.execute("set print pretty on")
gdb.execute("set disassemble-next-line auto")
# Before the kernel map exists, high breakpoints have to be hardware ones.
gdb.execute("thbreak panic")
