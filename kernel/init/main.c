/*
 * The order of start-up.
 *
 * kernel_main() runs on the boot CPU: firmware tables, memory, objects, the
 * scheduler; then it becomes that CPU's idle thread, and a kernel thread goes
 * on with what may sleep: devices, the other CPUs, file systems, init. Each
 * step is logged with its time; a step that cannot be done says why and
 * panics, since nothing after it can be trusted.
 */
#include <kernel/abi.h>
#include <kernel/asan.h>
#include <kernel/boot.h>
#include <kernel/device.h>
#include <kernel/futex.h>
#include <kernel/ipc.h>
#include <kernel/log.h>
#include <kernel/panic.h>
#include <kernel/pci.h>
#include <kernel/random.h>
#include <kernel/tty.h>
#include <kernel/vfs.h>

#include <lib/fmt.h>
#include <lib/string.h>

extern char boot_stack_top[];

/* The boot CPU's first thread; start.S points tp here. */
struct thread boot_thread = {
	.head = {
		.kstack_top = (vaddr_t)boot_stack_top,
		.cpu = &cpus[0],
		.preempt = 1,
	},
};

static void
start_cpus(void)
{
	for (unsigned i = 1; i < boot_info.cpu_count; i++) {
		enum err e = sched_start_cpu(i);

		if (e != OK)
			klog(LOG_WARN, "cpu %u (hardware id %lu): %s", i,
			    (unsigned long)boot_info.cpu_hwid[i], err_text(e));
	}
	klog(LOG_INFO, "%u of %u CPUs run", cpu_count, boot_info.cpu_count);
}

/* init=PATH on the command line, else the system's own. */
static const char *
init_path(char *buf, size_t len)
{
	return cmdline_value("init", buf, len) ? buf : "/system/bin/init";
}

static void
start_init(void)
{
	char path[128];
	const char *argv[] = { init_path(path, sizeof(path)), NULL };
	const char *envp[] = { "HOME=/root", "TERM=xterm", NULL };
	const struct exec_request req = {
		.path = argv[0],
		.kernel_args = true,
		.argv = argv,
		.envp = envp,
	};
	struct thread *t = NULL;
	struct fs_state *fs = NULL;
	struct mount_ns *ns = NULL;
	enum err e;

	e = vfs_mount_root("initfs", NULL, NULL, &fs, &ns);
	if (e != OK)
		panic("root file system: %s", err_text(e));
	e = task_spawn_first(fs, ns, &t);
	if (e != OK)
		panic("first task: %s", err_text(e));
	e = exec_load_into(t, &req);
	if (e != OK)
		panic("init %s: %s", argv[0], err_text(e));
	klog(LOG_INFO, "starting %s", argv[0]);
	sched_start(t);
	obj_unref(&t->obj);
}

static void
crash_if_asked(void)
{
	char name[16];

	if (!cmdline_value("crash", name, sizeof(name)))
		return;
	klog(LOG_ERROR, "crash=%s: %s", name,
	    err_text(crash_by_name(name, strlen(name))));
}

/* The part of start-up that may sleep. */
static void
start_late(void *arg)
{
	(void)arg;
	device_init();
	start_cpus();
	pci_irqs_settle();
	vfs_init();
	tty_init();
	chardev_init();
	if (cmdline_has("ktest"))
		ktest_run();
	crash_if_asked();
	start_init();
}

static void
set_console_level(void)
{
	if (cmdline_has("quiet"))
		log_set_console_level(LOG_ERROR);
	if (cmdline_has("debug"))
		log_set_console_level(LOG_DEBUG);
}

NO_CANARY void
kernel_main(uintptr_t arg0, uintptr_t arg1)
{
	enum err e;

	arch_init_early(arg0, arg1);
	random_init();
	canary_init();
	set_console_level();
	klog(LOG_INFO, "Carmine on " ARCH_NAME ", %u CPUs, command line \"%s\"",
	    boot_info.cpu_count, boot_info.cmdline);
	asan_init();
	page_init();
	slab_init();
	kmap_init();
	space_init();
	arch_init_cpu();
	time_init();
	rcu_init();
	sched_init();
	container_init();
	task_init();
	futex_init();
	klog(LOG_INFO, "memory, objects and scheduler are up");
	e = thread_kernel("start", start_late, NULL);
	if (e != OK)
		panic("first thread: %s", err_text(e));
	sched_idle_loop();
}

void
cpu_main(void)
{
	arch_init_cpu();
	irqchip_init_cpu();
	sched_idle_loop();
}
