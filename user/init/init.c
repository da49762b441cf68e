/*
 * init: the first program, process 1.
 *
 * Order of its life: mount what the kernel has not mounted; name the machine;
 * open the console; run a shell on it, again whenever it ends; adopt and
 * reap whoever lost its parent. With a command in /etc/carmine/cmd it runs
 * that line instead, says on the console when it begins and how it ended
 * (an escape sequence that terminals ignore and tools/run.py reads), and ends
 * the machine in order: end all programs, write back, unmount, power off.
 *
 * Kernel options that init honours: hostname=NAME, shell=PATH.
 * SIGTERM powers off, SIGINT resets (Ctrl-Alt-Del and the power key).
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <native/fs.h>
#include <native/system.h>
#include <native/task.h>

#define COMMAND_FILE "/etc/carmine/cmd"
#define SHELL_FILE   "/system/bin/sh"
#define CONSOLE      "/dev/console"

/* Time that programs get between SIGTERM and SIGKILL. */
#define GRACE_MS 500

static volatile sig_atomic_t stop_signal;

static void
on_stop(int number)
{
	stop_signal = number;
}

static void
say(const char *what, const char *about, long error)
{
	char line[256];
	int n = snprintf(line, sizeof(line), "init: %s%s%s%s%s", what,
	    about != NULL ? " " : "", about != NULL ? about : "",
	    error != 0 ? ": " : "", error != 0 ? cm_error_text(error) : "");

	cm_system_log(error != 0 ? 0 : 2, line,
	    (size_t)n < sizeof(line) ? (size_t)n : sizeof(line) - 1);
}

/* ---- mounts ------------------------------------------------------------- */

static const struct place {
	const char *type, *target, *options;
	mode_t mode;
} places[] = {
	{ "devfs", "/dev", NULL, 0755 },
	{ "devpts", "/dev/pts", "mode=620,ptmxmode=666", 0755 },
	{ "tmpfs", "/dev/shm", "mode=1777", 01777 },
	{ "proc", "/proc", NULL, 0555 },
	{ "sysfs", "/sys", NULL, 0555 },
	{ "tmpfs", "/tmp", "mode=1777", 01777 },
};

/* True when something is mounted at path: it is not on its parent's device. */
static bool
is_mounted(const char *path)
{
	struct stat above, st;
	char parent[64];

	snprintf(parent, sizeof(parent), "%s/..", path);
	return stat(parent, &above) == 0 && stat(path, &st) == 0 &&
	    above.st_dev != st.st_dev;
}

static void
mount_all(void)
{
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		const struct place *p = &places[i];
		struct cm_mount m = { .type = p->type, .source = p->type,
			.target = p->target, .options = p->options };
		long r;

		if (is_mounted(p->target))
			continue;
		mkdir(p->target, p->mode);
		r = cm_fs_mount(&m);
		if (r < 0)
			say("cannot mount", p->target, r);
	}
}

/* ---- zones -------------------------------------------------------------- */

/* What every zone shows of the whole system, under the same names; deep: with
 * what is mounted below it. */
static const struct share {
	const char *path;
	bool deep;
} shared[] = {
	{ "/dev", true }, { "/proc", false }, { "/sys", false },
	{ "/tmp", false }, { "/root", false }, { "/home", false },
	{ "/system", true }, { "/abi", false }, { "/extra", false },
};

static void
bind_into(const char *zone, const struct share *share)
{
	const char *what = share->path;
	char target[64];
	struct stat st;
	struct cm_mount m = { .source = what, .target = target,
		.flags = CM_MOUNT_BIND |
		    (share->deep ? CM_MOUNT_RECURSIVE : 0) };
	long r;

	if (stat(what, &st) < 0)
		return;
	snprintf(target, sizeof(target), "%s%s", zone, what);
	mkdir(target, 0755);
	r = cm_fs_mount(&m);
	if (r < 0)
		say("cannot bind", target, r);
}

/* A zone's root is a mount of its own, so that programs in it find "/" among
 * their mounts. */
static void
bind_over(const char *zone)
{
	struct cm_mount m = { .source = zone, .target = zone,
		.flags = CM_MOUNT_BIND };

	if (cm_fs_mount(&m) < 0)
		say("cannot bind", zone, 0);
}

/*
 * Each directory of /abi that has the name of an ABI becomes its zone. The
 * binding of /system comes last, with the whole tree below /system/root.
 */
static void
make_zones(void)
{
	DIR *d = opendir("/abi");
	struct dirent *e;
	char zone[32];
	struct cm_mount whole = { .source = "/", .target = "/system/root",
		.flags = CM_MOUNT_BIND };

	if (d == NULL)
		return;
	mkdir(whole.target, 0755);
	if (cm_fs_mount(&whole) < 0)
		say("cannot bind", whole.target, 0);
	while ((e = readdir(d)) != NULL) {
		if (e->d_name[0] == '.' || strlen(e->d_name) > 20)
			continue;
		snprintf(zone, sizeof(zone), "/abi/%s", e->d_name);
		bind_over(zone);
		if (cm_system_zone(zone, e->d_name) < 0)
			continue;
		for (size_t i = 0; i < sizeof(shared) / sizeof(*shared); i++)
			bind_into(zone, &shared[i]);
	}
	closedir(d);
}

/* Last mounted, first unmounted: /proc/mounts is in order of mounting. */
static void
unmount_all(void)
{
	char targets[64][128], line[512];
	size_t n = 0;
	FILE *f = fopen("/proc/mounts", "re");

	while (f != NULL && n < 64 && fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "%*s %127s", targets[n]) == 1)
			n++;
	if (f != NULL)
		fclose(f);
	while (n-- > 0)
		if (strcmp(targets[n], "/") != 0)
			cm_fs_unmount(targets[n], CM_UNMOUNT_DETACH);
}

/* ---- options ------------------------------------------------------------ */

/* The value of kernel option name, or fallback. */
static const char *
option(const char *name, const char *fallback)
{
	static char text[4096];
	size_t len = strlen(name);
	long n;

	if (text[0] == '\0') {
		n = cm_system_info(
		    CM_INFO_OPTIONS, text + 1, sizeof(text) - 2);
		text[0] = ' ';
		if (n > (long)sizeof(text) - 2)
			n = sizeof(text) - 2;
		text[n > 0 ? n + 1 : 1] = '\0';
		for (char *p = text; *p != '\0'; p++)
			if (*p == ' ')
				*p = '\n';
	}
	for (char *p = text; (p = strchr(p, '\n')) != NULL;) {
		p++;
		if (strncmp(p, name, len) == 0 && p[len] == '=') {
			static char value[256];

			snprintf(value, sizeof(value), "%.*s",
			    (int)strcspn(p + len + 1, "\n"), p + len + 1);
			return value;
		}
	}
	return fallback;
}

static void
name_machine(void)
{
	char name[65] = "carmine";
	FILE *f = fopen("/etc/hostname", "re");

	if (f != NULL) {
		if (fscanf(f, "%64s", name) != 1)
			say("/etc/hostname is empty", NULL, 0);
		fclose(f);
	}
	snprintf(name, sizeof(name), "%s", option("hostname", name));
	sethostname(name, strlen(name));
}

/* ---- programs ----------------------------------------------------------- */

/* Opens the console as 0, 1 and 2 without becoming its owner. */
static void
open_console(void)
{
	int fd = open(CONSOLE, O_RDWR | O_NOCTTY);

	if (fd < 0) {
		say("cannot open", CONSOLE, 0);
		return;
	}
	for (int i = 0; i < 3; i++)
		if (fd != i)
			dup2(fd, i);
	if (fd > 2)
		close(fd);
}

/*
 * Runs argv in a new session that owns the console: the child is its leader
 * and the foreground group.
 */
static pid_t
run(char *const argv[])
{
	pid_t pid = fork();
	sigset_t none;
	int fd;

	if (pid != 0)
		return pid;
	sigemptyset(&none);
	signal(SIGTERM, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	setsid();
	fd = open(CONSOLE, O_RDWR);
	if (fd >= 0) {
		for (int i = 0; i < 3; i++)
			dup2(fd, i);
		if (fd > 2)
			close(fd);
		/* Opening it as a leader gave it to the session already,
		 * unless another session still has it. */
		ioctl(0, TIOCSCTTY, 1);
		tcsetpgrp(0, getpid());
	}
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (chdir(getenv("HOME")) < 0)
		chdir("/");
	execve(argv[0], argv, environ);
	fprintf(stderr, "init: %s: %s\n", argv[0], strerror(errno));
	_exit(errno == ENOENT ? 127 : 126);
}

/* Waits until pid ended (or a stop was asked for: false); reaps all others. */
static bool
wait_for(pid_t pid, int *status)
{
	for (;;) {
		pid_t got = wait(status);

		if (got == pid)
			return true;
		if (stop_signal != 0 || (got < 0 && errno == ECHILD))
			return false;
	}
}

static int
exit_code(int status)
{
	return WIFEXITED(status) ? WEXITSTATUS(status) :
	    128 + WTERMSIG(status);
}

/* ---- the end ------------------------------------------------------------ */

static void
nap(long ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000L };

	nanosleep(&t, NULL);
}

/* Ends all other programs: asks, waits a little, then kills. */
static void
end_programs(void)
{
	if (kill(-1, SIGTERM) < 0)
		return;
	kill(-1, SIGCONT);
	for (int ms = 0; ms < GRACE_MS; ms += 10) {
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		if (kill(-1, 0) < 0)
			return;
		nap(10);
	}
	kill(-1, SIGKILL);
	while (wait(NULL) > 0)
		;
}

static void
end_machine(enum cm_power how)
{
	long r;

	end_programs();
	sync();
	unmount_all();
	r = cm_system_power(how);
	say("cannot end the machine", NULL, r);
}

static void
say_to_runner(const char *text)
{
	size_t len = strlen(text);

	while (len > 0) {
		ssize_t n = write(1, text, len);

		if (n <= 0)
			return;
		text += n;
		len -= (size_t)n;
	}
}

/* Reads the command file: NULL when there is none. */
static char *
read_command(void)
{
	struct stat st;
	char *text = NULL;
	ssize_t n;
	int fd = open(COMMAND_FILE, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) == 0)
		text = malloc((size_t)st.st_size + 1);
	if (text != NULL) {
		n = read(fd, text, (size_t)st.st_size);
		text[n > 0 ? n : 0] = '\0';
	}
	close(fd);
	return text;
}

static void
run_command(char *command, const char *shell)
{
	char *const argv[] = { (char *)shell, "-c", command, NULL };
	char line[64];
	int status = 127 << 8;
	pid_t pid;

	say_to_runner("\033]carmine;start\a");
	pid = run(argv);
	if (pid > 0)
		wait_for(pid, &status);
	tcdrain(1);
	snprintf(line, sizeof(line), "\033]carmine;exit=%d\a",
	    exit_code(status));
	say_to_runner(line);
	tcdrain(1);
	end_machine(CM_POWER_OFF);
}

static void
serve_console(const char *shell)
{
	char *const argv[] = { (char *)shell, NULL };
	int status = 0, quick = 0;
	time_t begin;

	while (stop_signal == 0) {
		begin = time(NULL);
		pid_t pid = run(argv);

		if (pid < 0)
			say("cannot fork", NULL, 0);
		else if (!wait_for(pid, &status))
			continue;
		/* A shell that dies at once is not started in a rush. */
		quick = time(NULL) - begin < 2 ? quick + 1 : 0;
		if (quick > 5)
			nap(2000);
	}
}

int
main(void)
{
	struct sigaction stop = { .sa_handler = on_stop };
	const char *shell;
	char *command;

	sigaction(SIGTERM, &stop, NULL);
	sigaction(SIGINT, &stop, NULL);
	mount_all();
	make_zones();
	open_console();
	name_machine();
	umask(022);
	setenv("PATH", "/system/bin:/bin:/usr/bin:/abi/linux/bin:"
	    "/abi/xv6/bin", 0);
	setenv("HOME", "/root", 0);
	setenv("USER", "root", 0);
	setenv("TERM", "xterm", 0);
	shell = option("shell", SHELL_FILE);
	setenv("SHELL", shell, 0);
	command = read_command();
	if (command != NULL)
		run_command(command, shell);
	serve_console(shell);
	end_machine(stop_signal == SIGINT ? CM_POWER_RESET : CM_POWER_OFF);
	for (;;)
		pause();
}
