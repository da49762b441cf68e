/*
 * Runs random calls of one ABI and looks at the kernel afterwards.
 *
 *	calls ABI SEED COUNT [FIRST [LAST]]
 *
 * Starts case after case (the program ABI beside this one, with a seed of its
 * own) until the kernel has counted COUNT calls. Every second case is root, in
 * a mount namespace of its own, the others are a user who owns nothing. A case
 * that waits too long is killed with all its descendants. The number of the
 * case goes to the kernel's log, so that a panic tells it; FIRST starts there. After LAST
 * comes FIRST again: what needs luck in one case is tried often.
 *
 * Root's cases may take names and send signals: this program runs in a session
 * without a terminal, takes no signal, and reads /proc by a handle from before.
 *
 * In the end as many objects of each kind must live as after a quarter of the
 * calls, and the memory must be free again but for one percent. If not, the
 * same cases run again: what leaks then leaks each time. Where they leave files,
 * those are removed first.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <libgen.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <tests/live.h>

#include "fuzz.h"

#define ZONE       "/abi/xv6"
#define COUNTER    "calls_of_ended_threads"
#define CASE_CALLS "400"
#define CASE_MS    250
#define ZONE_MS    80 /* nothing interrupts a wait there */
#define DEATH_MS   20000 /* a killed program takes longer: it hangs */

static char program[1024];
static bool in_zone; /* xv6: its programs see only what lies below ZONE */
static const char *place = "/tmp/calls"; /* where cases run */
static int proc = -1, kernel_log = -1, null = -1, program_file = -1;
static unsigned long by_status, by_signal, by_time;

static void
fail(const char *what)
{
	printf("calls: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* ---- what the kernel tells --------------------------------------------- */

static size_t
slurp(const char *path, char *text, size_t size)
{
	size_t len = 0;
	ssize_t n;
	int fd = openat(proc, path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		fail(path);
	while (len + 1 < size &&
	    (n = read(fd, text + len, size - 1 - len)) > 0)
		len += (size_t)n;
	close(fd);
	text[len] = '\0';
	return len;
}

static unsigned long
calls_made(void)
{
	static char text[16384];
	const char *at;

	slurp("carmine/counters", text, sizeof(text));
	at = strstr(text, COUNTER " ");
	if (at == NULL)
		fail(COUNTER);
	return strtoul(at + strlen(COUNTER), NULL, 10);
}

/* ---- cases ------------------------------------------------------------- */

static void
limit(int which, unsigned long max)
{
	const struct rlimit l = { max, max };

	setrlimit(which, &l);
}

/* Before the first case, while names are what they seem. */
static void
stand_apart(void)
{
	pid_t pid = fork();
	int status;

	for (int i = 1; i < NSIG; i++)
		if (i != SIGCHLD)
			signal(i, SIG_IGN);
	if (pid < 0)
		fail("fork");
	if (pid > 0) {
		while (waitpid(pid, &status, 0) < 0)
			;
		exit(WIFEXITED(status) ? WEXITSTATUS(status) :
		    128 + WTERMSIG(status));
	}
	setsid();
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	kernel_log = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	program_file = open(program, O_RDONLY | O_CLOEXEC);
	if (proc < 0 || kernel_log < 0 || null < 0 || program_file < 0)
		fail("/proc, /dev/kmsg, /dev/null or the program");
	mkdir(place, 0777);
	/* A zone is seen as it was before; nobody in it mounts. */
	if (!in_zone && unshare(CLONE_NEWNS) != 0)
		fail("unshare");
}

/* Becomes the case; if that fails told gets errno; exec closes it. */
static void
start_case(unsigned long seed, bool root, int told)
{
	char number[24], why;
	char *argv[] = { program, number, CASE_CALLS, root ? "root" : "user",
		NULL };
	char *envp[] = { "PATH=/bin", NULL };

	snprintf(number, sizeof(number), "%lu", seed);
	setsid();
	for (int i = 1; i < NSIG; i++)
		signal(i, SIG_DFL);
	for (int i = 0; i < 3; i++)
		dup2(null, i);
	limit(RLIMIT_AS, 64ul << 20);
	limit(RLIMIT_NOFILE, 128);
	limit(RLIMIT_FSIZE, 1ul << 20);
	limit(RLIMIT_CORE, 0);
	if (root ? in_zone || unshare(CLONE_NEWNS) == 0 :
	    setgid(FUZZ_CALLER) == 0 && setuid(FUZZ_CALLER) == 0)
		execve(program, argv, envp);
	why = (char)errno;
	(void)!write(told, &why, 1);
	_exit(1);
}

/* Reads a file of process or thread e; its length, 0: it is gone. */
static size_t
slurp_of(int dir, const char *name, const char *file, char *text, size_t size)
{
	char path[300];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", name, file);
	fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, size - 1);
	if (fd >= 0)
		close(fd);
	text[n > 0 ? n : 0] = '\0';
	return n > 0 ? (size_t)n : 0;
}

/* The states of the threads of a child that hangs. */
static void
tell(const char *pid)
{
	char path[300], stat[512];
	int dir;
	DIR *d;
	struct dirent *e;

	snprintf(path, sizeof(path), "%s/task", pid);
	dir = openat(proc, path, O_RDONLY | O_CLOEXEC);
	if (dir < 0 || (d = fdopendir(dir)) == NULL)
		return;
	while ((e = readdir(d)) != NULL) {
		if (e->d_name[0] < '1' || e->d_name[0] > '9' ||
		    slurp_of(dir, e->d_name, "stat", stat, sizeof(stat)) == 0)
			continue;
		printf("%s", stat);
	}
	closedir(d);
}

/* The parent of process e of /proc; -1: it is gone, or none. */
static int
parent_of(const char *e)
{
	char text[512], *at;
	int parent = -1;

	if (e[0] < '1' || e[0] > '9' ||
	    slurp_of(proc, e, "stat", text, sizeof(text)) == 0)
		return -1;
	at = strrchr(text, ')'); /* the name may have any */
	return at != NULL && sscanf(at + 1, " %*c %d", &parent) == 1 ? parent :
	    -1;
}

#define PROCESSES 4096u
static struct process {
	int pid, parent;
	bool mine; /* descends from this one */
} processes[PROCESSES];

/* Marks those whose parents are marked; true if there were any. */
static bool
mark_more(unsigned count)
{
	bool more = false;

	for (unsigned i = 0; i < count; i++)
		for (unsigned k = 0; !processes[i].mine && k < count; k++)
			if (processes[k].mine &&
			    processes[k].pid == processes[i].parent)
				more = processes[i].mine = true;
	return more;
}

/* All at once: of a chain that grows at its end, children alone would never
 * be all. */
static void
kill_descendants(void)
{
	DIR *d = fdopendir(openat(proc, ".", O_RDONLY | O_CLOEXEC));
	struct dirent *e;
	unsigned count = 0;

	if (d == NULL)
		fail("/proc");
	while (count < PROCESSES && (e = readdir(d)) != NULL) {
		struct process *p = &processes[count];

		p->parent = parent_of(e->d_name);
		p->pid = atoi(e->d_name);
		p->mine = p->parent == getpid();
		count += p->parent >= 0;
	}
	closedir(d);
	while (mark_more(count))
		;
	for (unsigned i = 0; i < count; i++)
		if (processes[i].mine)
			kill(processes[i].pid, SIGKILL);
}

/* What hangs: the states of the threads of all children. */
static void
tell_children(void)
{
	DIR *d = fdopendir(openat(proc, ".", O_RDONLY | O_CLOEXEC));
	struct dirent *e;

	if (d == NULL)
		fail("/proc");
	while ((e = readdir(d)) != NULL)
		if (parent_of(e->d_name) == getpid())
			tell(e->d_name);
	closedir(d);
}

static double
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* Waits for a child within ms; its id, or 0. */
static pid_t
wait_ms(double ms, int *status)
{
	double end = now_ms() + ms;
	const struct timespec moment = { 0, 1000000 };
	pid_t pid;

	while ((pid = waitpid(-1, status, WNOHANG | __WALL)) == 0 &&
	    now_ms() < end)
		nanosleep(&moment, NULL);
	return pid;
}

/* Everything that came from the case has ended. */
static void
end_case(unsigned long number)
{
	double end = now_ms() + DEATH_MS;
	int status;
	pid_t pid;

	for (;;) {
		kill_descendants();
		while ((pid = wait_ms(20, &status)) > 0)
			;
		if (pid < 0 && errno == ECHILD)
			return;
		if (now_ms() > end) {
			printf("calls: case %lu hangs\n", number);
			tell_children();
			exit(1);
		}
	}
}

static void
one_case(const char *abi, unsigned long seed, unsigned long number)
{
	double end = now_ms() + (in_zone ? ZONE_MS : CASE_MS);
	char line[128];
	int status = 0, told[2];
	pid_t pid, got = 0;

	snprintf(line, sizeof(line), "<7>calls %s %lu 1 %lu", abi, seed,
	    number);
	if (write(kernel_log, line, strlen(line)) < 0)
		fail("/dev/kmsg");
	if (pipe2(told, O_CLOEXEC) != 0 || (pid = fork()) < 0)
		fail("fork");
	if (pid == 0)
		start_case(seed * 1000003 + number, number % 2 == 0, told[1]);
	close(told[1]);
	if (read(told[0], line, 1) != 0) {
		errno = line[0];
		fail(program);
	}
	close(told[0]);
	while (got != pid && now_ms() < end)
		got = wait_ms(end - now_ms(), &status);
	if (got == pid && WIFEXITED(status))
		by_status++;
	else if (got == pid)
		by_signal++;
	else
		by_time++;
	end_case(number);
}

/* A file of the initial file system has its pages' object from its first use
 * on: those that cases have names of have one now. */
static struct {
	const char *name;
	ino_t inode;
} files[] = { { "/etc/passwd", 0 }, { ZONE "/bin/echo", 0 } };
#define FILES (sizeof(files) / sizeof(files[0]))

static void
use_files(void)
{
	for (size_t i = 0; i < FILES; i++) {
		int fd = open(files[i].name, O_RDONLY | O_CLOEXEC);
		volatile char *at = fd < 0 ? MAP_FAILED :
		    mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
		struct stat st;

		if (at == MAP_FAILED || fstat(fd, &st) != 0)
			fail(files[i].name);
		files[i].inode = st.st_ino;
		(void)*at;
		munmap((void *)at, 4096);
		close(fd);
	}
}

/* ---- the run ----------------------------------------------------------- */

/* What a case that is root may have done to files that all share; the program
 * is /proc/self/exe to it. */
static void
mend_names(void)
{
	if (chown("/", 0, 0) != 0 || chmod("/", 0755) != 0 ||
	    chown("/tmp", 0, 0) != 0 || chmod("/tmp", 01777) != 0 ||
	    fchown(program_file, 0, 0) != 0 || fchmod(program_file, 0755) != 0)
		fail("/, /tmp or the program");
	/* Where it is not mounted, the directory may be removed for all. */
	if (access("/proc/self", F_OK) != 0) {
		mkdir("/proc", 0755);
		(void)mount("none", "/proc", "proc", 0, NULL);
	}
}

/*
 * Directories of file systems that stay: what root's cases make there, of
 * whatever they reach by a relative name, goes again. In a zone, which has no
 * mounts of its own, also the directory above place.
 */
#define KEPT_NAMES 32u
static struct kept {
	const char *where;
	char names[KEPT_NAMES][64];
	unsigned count;
} kept[] = { { .where = "/" }, { .where = "/tmp" }, { .where = ZONE },
	{ .where = ZONE "/calls" } };
#define KEPT (sizeof(kept) / sizeof(kept[0]))

static bool
was_there(const struct kept *k, const char *name)
{
	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return true;
	for (unsigned i = 0; i < k->count; i++)
		if (strcmp(k->names[i], name) == 0)
			return true;
	return false;
}

static void
learn_names(struct kept *k)
{
	DIR *d = opendir(k->where);
	struct dirent *e = NULL;

	if (d == NULL)
		fail(k->where);
	while ((e = readdir(d)) != NULL && k->count < KEPT_NAMES)
		snprintf(k->names[k->count++], sizeof(k->names[0]), "%.63s",
		    e->d_name);
	if (e != NULL)
		fail("more names than there is room for");
	closedir(d);
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)remove(path);
	return 0;
}

static void
remove_all(const char *path)
{
	(void)nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

static void
clean(const struct kept *k)
{
	DIR *d = opendir(k->where);
	struct dirent *e;

	if (d == NULL)
		fail(k->where);
	while ((e = readdir(d)) != NULL) {
		char path[600];

		if (was_there(k, e->d_name))
			continue;
		snprintf(path, sizeof(path), "%s/%s", k->where, e->d_name);
		remove_all(path);
	}
	closedir(d);
}

static void
clean_all(void)
{
	struct stat st;

	for (size_t i = 0; i < FILES; i++)
		if (lstat(files[i].name, &st) == 0 &&
		    st.st_ino != files[i].inode)
			remove_all(files[i].name);
	for (size_t i = 0; i < KEPT; i++)
		clean(&kept[i]);
}

/* Programs that cases may run, and write to. */
static void
copy_program(const char *from, const char *to)
{
	static char block[65536];
	int in = open(from, O_RDONLY | O_CLOEXEC);
	int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
	ssize_t n;

	if (in < 0 || out < 0)
		fail(from);
	while ((n = read(in, block, sizeof(block))) > 0)
		if (write(out, block, (size_t)n) != n)
			fail(to);
	if (n < 0)
		fail(from);
	close(in);
	close(out);
}

static void
fresh_place(void)
{
	(void)chdir("/");
	(void)umount2(place, MNT_DETACH);
	if (mount("none", place, "tmpfs", 0, "size=8m,mode=777") != 0)
		fail(place);
	if (chdir(place) != 0)
		fail(place);
	copy_program("/system/bin/true", "true");
	copy_program("/abi/linux/bin/busybox", "busybox");
	clean_all();
}

static unsigned long next_case, first_case, last_case;

static void
run_cases(const char *abi, unsigned long seed, unsigned long until)
{
	int fd;

	while (calls_made() < until) {
		if (next_case % 16 == 0)
			fresh_place();
		mend_names();
		one_case(abi, seed, next_case);
		next_case = next_case == last_case ? first_case : next_case + 1;
	}
	fresh_place();
	fd = openat(proc, "sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "3", 1) < 0)
		fail("drop_caches");
	close(fd);
}

int
main(int argc, char **argv)
{
	static char before[8192], after[8192];
	unsigned long seed, count, start, first;
	bool same = false;

	if (argc < 4 || argc > 6) {
		printf("usage: calls ABI SEED COUNT [FIRST [LAST]]\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	in_zone = strcmp(argv[1], "xv6") == 0;
	if (in_zone)
		place = ZONE "/calls/work";
	snprintf(program, sizeof(program), "%s/%s",
	    in_zone ? ZONE "/calls" : dirname(argv[0]), argv[1]);
	seed = strtoul(argv[2], NULL, 10);
	count = strtoul(argv[3], NULL, 10);
	first_case = argc > 4 ? strtoul(argv[4], NULL, 10) : 0;
	last_case = argc > 5 ? strtoul(argv[5], NULL, 10) : ~0ul;
	next_case = first_case;
	use_files();
	stand_apart();
	for (size_t i = 0; i < KEPT; i++)
		learn_names(&kept[i]);
	start = calls_made();
	run_cases(argv[1], seed, start + count / 4);
	first = next_case;
	for (int turn = 0; turn < 2 && !same; turn++) {
		next_case = first;
		slurp("carmine/live", before, sizeof(before));
		run_cases(argv[1], seed, calls_made() + count - count / 4);
		for (int i = 0; i < 100 && !same; i++) {
			usleep(20000);
			slurp("carmine/live", after, sizeof(after));
			same = same_life(before, after, false);
		}
	}
	printf("calls: %s, seed %lu: %lu calls in %lu cases, %lu ended, "
	    "%lu by signal, %lu by time\n", argv[1], seed,
	    calls_made() - start, next_case, by_status, by_signal, by_time);
	return same_life(before, after, true) ? 0 : 1;
}
