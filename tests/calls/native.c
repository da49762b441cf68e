/* Random native calls:  native SEED COUNT root|user */
#include "fuzz.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <native/channel.h>
#include <native/event.h>
#include <native/memory.h>
#include <native/signal.h>
#include <native/task.h>
#include <native/time.h>
#include <native/waitset.h>

/* A wrapper by its name, whatever its header says. */
#define WRAPPER(name) \
	((long (*)(uintptr_t, uintptr_t, uintptr_t, uintptr_t, uintptr_t, \
	    uintptr_t))(void (*)(void))wrapper_##name)
#define CALL(number, name, args) \
	extern void wrapper_##name(void) __asm__("cm_" #name);
#define CALLH(number, name, args, kind, rights) CALL(number, name, args)
#define CALLD(number, name, args, rights)       CALL(number, name, args)
#include <native/call.def>
#undef CALL

static const struct fuzz_call calls[] = {
#define CALL(number, name, args) { number, #name, args, WRAPPER(name) },
#include <native/call.def>
};

static const char *const none[] = { NULL };
static const char *const careful[] = { "system_power", "system_zone",
	"system_set_name", "task_kill", "task_open", "signal_send",
	"signal_send_thread", "task_priority", "task_limit",
	"thread_affinity", "trace_control", "clock_set", NULL };

static long
make(const struct fuzz_call *c, const uintptr_t *a)
{
	return c->wrapper(a[0], a[1], a[2], a[3], a[4], a[5]);
}

static void *
code_page(void)
{
	long at = cm_memory_map(NULL, FUZZ_PAGE,
	    CM_PROT_READ | CM_PROT_WRITE | CM_PROT_EXEC, 0, CM_HANDLE_NONE, 0);

	return at < 0 ? NULL : (void *)at;
}

static void
wait_child(void)
{
	(void)wait(NULL);
}

static void leave(int status) __attribute__((noreturn));

static void
leave(int status)
{
	cm_task_exit(status);
	__builtin_unreachable();
}

static const struct fuzz_abi abi = {
	.calls = calls,
	.count = sizeof(calls) / sizeof(calls[0]),
	.pointers = "bcsoma",
	.here = CM_CWD,
	.spared = none,
	.careful = careful,
	.make = make,
	.code_page = code_page,
	.fork = cm_task_fork,
	.exit = leave,
	.wait = wait_child,
};

static struct fuzz main_fuzz;
static volatile sig_atomic_t faults;

/* Returns to a context that is not the one that was interrupted. */
static void
on_signal(int number, siginfo_t *info, void *context)
{
	bool fault = number == SIGSEGV || number == SIGBUS ||
	    number == SIGILL || number == SIGFPE || number == SIGTRAP;

	if (fault && fuzz_skip(context, sizeof(struct cm_signal_context)))
		return;
	if (!fault && fuzz_below(&main_fuzz, 16) == 0)
		fuzz_keep_frame(&main_fuzz, info, context, sizeof(struct cm_signal_context));
	if (fault && ++faults > 6)
		leave(3);
	if (fault || fuzz_below(&main_fuzz, 64) == 0)
		fuzz_scribble(&main_fuzz, context,
		    sizeof(struct cm_signal_context));
}

static void
catch_signals(void)
{
	static char stack[1 << 16];
	const stack_t ss = { .ss_sp = stack, .ss_size = sizeof(stack) };
	struct sigaction sa = { 0 };

	sa.sa_sigaction = on_signal;
	sigaltstack(&ss, NULL);
	for (int i = 1; i < 40; i++) {
		sa.sa_flags = SA_SIGINFO | (fuzz_below(&main_fuzz, 4) ?
		    SA_ONSTACK : 0) | (i & 1 ? SA_RESTART : 0);
		if (i != SIGCHLD && i != SIGTERM && i != SIGKILL &&
		    i != SIGSTOP)
			sigaction(i, &sa, NULL);
	}
}

/* Interrupts the main thread: a call that waits does not wait for long. */
static void *
tickle(void *id)
{
	for (;;) {
		cm_clock_sleep(CM_CLOCK_STEADY, 2000000, 0, NULL);
		if (cm_signal_send_thread(
		    getpid(), (cm_pid_t)(uintptr_t)id, SIGALRM) < 0)
			return NULL;
	}
}

static void
make_files(void)
{
	cm_handle_t ends[2];

	mkdir("d", 0777);
	(void)symlink("loop", "loop");
	open("a", O_RDWR | O_CREAT, 0666);
	open("b", O_RDWR | O_CREAT | O_NONBLOCK, 0600);
	open("d", O_RDONLY);
	open(".", O_RDONLY);
	cm_pipe_create(ends, 0);
	cm_pipe_create(ends, 0);
	cm_event_create(3, 0);
	cm_event_group_create(0);
	cm_timer_create(CM_CLOCK_STEADY, 0);
	cm_channel_create(ends, 0);
	cm_waitset_create(0);
	cm_memory_create(3 * FUZZ_PAGE, 0);
	cm_task_open(getpid(), 0);
	open("/dev/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK);
	open("/proc/self/maps", O_RDONLY);
	open("/dev/zero", O_RDWR);
}

static uintptr_t
make_room(void)
{
	long at = cm_memory_map(NULL, FUZZ_ROOM + 2 * FUZZ_PAGE,
	    CM_PROT_READ | CM_PROT_WRITE, 0, CM_HANDLE_NONE, 0);

	if (at < 0)
		leave(4);
	cm_memory_unmap((void *)(at + FUZZ_ROOM), 2 * FUZZ_PAGE);
	return (uintptr_t)at;
}

static unsigned long count;

static void *
thread(void *fuzz)
{
	fuzz_run(fuzz, count);
	return NULL;
}

int
main(int argc, char **argv)
{
	static struct fuzz other;
	unsigned long seed;
	pthread_t id;

	if (argc != 4)
		return 2;
	seed = fuzz_parse(argv[1]);
	count = fuzz_parse(argv[2]);
	main_fuzz.abi = &abi;
	main_fuzz.root = strcmp(argv[3], "root") == 0;
	main_fuzz.room = make_room();
	fuzz_seed(&main_fuzz, seed);
	fuzz_fill(&main_fuzz);
	make_files();
	catch_signals();
	pthread_create(&id, NULL, tickle,
	    (void *)(uintptr_t)cm_task_id(CM_ID_THREAD, 0));
	if (seed % 3 == 0) {
		other = main_fuzz;
		fuzz_seed(&other, seed * 7919);
		pthread_create(&id, NULL, thread, &other);
	}
	fuzz_run(&main_fuzz, count);
	leave(0);
}
