/*
 * usertests [name]: every call, with good and with bad arguments.
 *
 * A test runs in a process of its own and ends with 0 when all is well. Its
 * files are made in the current directory, below the directory "utest".
 */
#include "user.h"

#define PAGE 4096
#define CHECK(x) \
	do { \
		if (!(x)) { \
			printf("line %d: %s\n", __LINE__, #x); \
			exit(1); \
		} \
	} while (0)

static char buf[2 * PAGE] __attribute__((aligned(PAGE)));

/* Addresses that no program has. */
static char *const bad_addresses[] = {
	(char *)0x80000000, (char *)0x3fffffe000, (char *)0x3ffffff000,
	(char *)0x4000000000, (char *)0xffffffffffffffff,
};

enum { BAD = sizeof(bad_addresses) / sizeof(bad_addresses[0]) };

/* The first address behind the heap, page-aligned: nothing is there. */
static char *
heap_end(void)
{
	unsigned long at = (unsigned long)sbrk(0);

	if (at % PAGE != 0)
		sbrk((int)(PAGE - at % PAGE));
	return sbrk(0);
}

/* Runs fn in a child; its status, -1 when it was killed. */
static int
in_child(void (*fn)(void))
{
	int status = 99, pid = fork();

	CHECK(pid >= 0);
	if (pid == 0) {
		fn();
		exit(0);
	}
	CHECK(wait(&status) == pid);
	return status;
}

/* ---- processes --------------------------------------------------------- */

static void
exit_statuses(void)
{
	static const int values[] = { 0, 1, 42, 255, 256, 100000, -1, -7 };
	int status;

	for (int i = 0; i < 8; i++) {
		int pid = fork();

		if (pid == 0)
			exit(values[i]);
		CHECK(pid > 0 && wait(&status) == pid);
		CHECK(status == values[i]);
	}
	CHECK(wait(&status) == -1);
	CHECK(wait(0) == -1);
}

static void
wait_takes_no_bad_address(void)
{
	int pid = fork(), status = -2;

	if (pid == 0)
		exit(3);
	for (int i = 0; i < BAD; i++)
		CHECK(wait((int *)bad_addresses[i]) == -1);
	CHECK(wait((int *)heap_end()) == -1);
	CHECK(wait(&status) == pid && status == 3);
}

static void
spin(void)
{
	for (;;)
		getpid();
}

static void
kill_ends_a_process(void)
{
	int status, fd[2], pid = fork();
	char c;

	if (pid == 0)
		spin();
	CHECK(kill(pid) == 0 && wait(&status) == pid && status == -1);
	CHECK(kill(pid) == -1 && kill(-1) == -1 && kill(0) == -1);
	/* Also out of a sleep, and out of a read. */
	pid = fork();
	if (pid == 0) {
		sleep(100000);
		exit(0);
	}
	CHECK(kill(pid) == 0 && wait(&status) == pid && status == -1);
	CHECK(pipe(fd) == 0);
	pid = fork();
	if (pid == 0) {
		read(fd[0], &c, 1);
		exit(0);
	}
	sleep(1);
	CHECK(kill(pid) == 0 && wait(&status) == pid && status == -1);
}

static void
write_text(void)
{
	*(volatile char *)write_text = 1;
}

static void
read_kernel(void)
{
	(void)*(volatile char *)0xffffffc000000000;
}

static void
read_behind_heap(void)
{
	(void)*(volatile char *)heap_end();
}

static void
read_guard_page(void)
{
	unsigned long sp = (unsigned long)__builtin_frame_address(0);

	(void)*(volatile char *)(sp / PAGE * PAGE - PAGE);
}

static void
faults_kill(void)
{
	CHECK(in_child(write_text) == -1);
	CHECK(in_child(read_kernel) == -1);
	CHECK(in_child(read_behind_heap) == -1);
	CHECK(in_child(read_guard_page) == -1);
}

static int
size_of(const char *path)
{
	struct xv6_stat st;

	CHECK(stat(path, &st) == 0);
	return (int)st.size;
}

/* Overwritten bytes change, the file does not grow, the answer is -1. */
static void
a_write_that_ends_in_nothing_changes_what_is_there(void)
{
	char *end = heap_end();
	int fd;

	memcpy(end - 2, "XY", 2);
	fd = open("utest/f", XV6_O_CREATE | XV6_O_TRUNC | XV6_O_RDWR);
	CHECK(write(fd, end - 2, 3) == -1 && size_of("utest/f") == 0);
	CHECK(write(fd, "a", 1) == 1);
	CHECK(write(fd, end - 2, 3) == -1 && size_of("utest/f") == 1);
	close(fd);
	fd = open("utest/f", XV6_O_RDWR);
	CHECK(write(fd, end - 2, 3) == -1 && size_of("utest/f") == 1);
	CHECK(read(fd, buf, 8) == 1 && buf[0] == 'X');
	close(fd);
	CHECK(unlink("utest/f") == 0);
}

static void
nothing_is_written_behind_the_end(void)
{
	int fd = open("utest/f", XV6_O_CREATE | XV6_O_TRUNC | XV6_O_WRONLY);

	CHECK(write(fd, "abcd", 4) == 4);
	close(open("utest/f", XV6_O_TRUNC | XV6_O_WRONLY));
	CHECK(write(fd, "x", 1) == -1 && size_of("utest/f") == 0);
	close(fd);
	CHECK(unlink("utest/f") == 0);
}

static void
two_write_through_one_descriptor(void)
{
	int fd = open("utest/f", XV6_O_CREATE | XV6_O_RDWR);
	int pid = fork(), status = -1;

	for (int i = 0; i < 2000; i++)
		CHECK(write(fd, "0123456789", 10) == 10);
	if (pid == 0)
		exit(0);
	CHECK(wait(&status) == pid && status == 0);
	CHECK(size_of("utest/f") == 2 * 2000 * 10);
	close(fd);
	CHECK(unlink("utest/f") == 0);
}

static void
exec_takes_32_arguments(void)
{
	char *argv[34];
	int fds[2], n = 0;

	for (int i = 0; i < 33; i++)
		argv[i] = "x";
	argv[33] = NULL;
	CHECK(exec("/bin/echo", argv) == -1);
	argv[32] = NULL;
	CHECK(pipe(fds) == 0);
	if (fork() == 0) {
		close(1);
		dup(fds[1]);
		exec("/bin/echo", argv);
		exit(1);
	}
	close(fds[1]);
	while (read(fds[0], buf, 1) == 1)
		n++;
	close(fds[0]);
	wait(NULL);
	CHECK(n == 31 * 2); /* "x" and a blank or newline each */
}

/* The original's programs all lie where its shell starts. */
static void
a_bare_name_is_a_program_of_the_zone(void)
{
	char *argv[] = { "echo", NULL };
	int status = -1;

	if (fork() == 0) {
		CHECK(mkdir("utest/d") == 0 && chdir("utest/d") == 0);
		CHECK(unlink("../d") == 0);
		close(1);
		exec("echo", argv);
		exit(1);
	}
	wait(&status);
	CHECK(status == 0);
	CHECK(exec("no-such-prog", argv) == -1);
}

static void
exec_keeps_the_caller_on_failure(void)
{
	char *argv[40] = { "echo", "x", NULL };

	CHECK(exec("no-such-program", argv) == -1);
	CHECK(exec("utest", argv) == -1);
	CHECK(exec(bad_addresses[0], argv) == -1);
	for (int i = 0; i < BAD; i++)
		CHECK(exec("/bin/echo", (char **)bad_addresses[i]) == -1);
	argv[1] = bad_addresses[0];
	CHECK(exec("/bin/echo", argv) == -1);
	for (int i = 0; i < 39; i++)
		argv[i] = "x";
	CHECK(exec("/bin/echo", argv) == -1);
	memset(buf, 'x', 300);
	buf[300] = '\0';
	for (int i = 0; i < 31; i++)
		argv[i] = buf;
	argv[31] = NULL;
	CHECK(exec("/bin/echo", argv) == -1); /* more than a stack page */
}

/* By asking for pages until there are no more, as the original's tests do. */
static int
count_free(void)
{
	char *before = sbrk(0);
	int n = 0;

	while (sbrk(4096) != (char *)-1)
		n++;
	sbrk(-(int)(sbrk(0) - before));
	return n;
}

static void
what_is_free_stays_the_same(void)
{
	int before = count_free();

	for (int i = 0; i < 50; i++) {
		close(open("utest/f", XV6_O_CREATE | XV6_O_RDWR));
		if (fork() == 0)
			exit(0);
		wait(NULL);
	}
	CHECK(sys_sbrk(1 << 30, XV6_SBRK_LAZY) != (char *)-1);
	CHECK(count_free() == before);
	CHECK(unlink("utest/f") == 0);
}

/* Everybody forks; who is refused says so, and all end: then the pipe that
 * they hold has no writer left. */
static void
a_fork_bomb_ends(void)
{
	int fds[2];

	CHECK(pipe(fds) == 0);
	if (fork() == 0) {
		while (open("utest/stop", XV6_O_RDONLY) < 0)
			if (fork() < 0)
				close(open("utest/stop", XV6_O_CREATE));
		exit(0);
	}
	close(fds[1]);
	CHECK(read(fds[0], buf, 1) == 0);
	wait(NULL);
	CHECK(unlink("utest/stop") == 0);
}

static void
orphans_are_taken(void)
{
	for (int i = 0; i < 20; i++) {
		int pid = fork();

		CHECK(pid >= 0);
		if (pid == 0) {
			if (fork() == 0)
				exit(0);
			exit(0);
		}
		CHECK(wait(0) == pid);
	}
	CHECK(wait(0) == -1);
}

static void
time_passes(void)
{
	int t = uptime();

	CHECK(t >= 0 && sleep(3) == 0);
	CHECK(uptime() - t >= 3 && uptime() - t < 100);
	CHECK(sleep(0) == 0);
}

/* ---- memory ------------------------------------------------------------ */

static void
heap_grows_and_shrinks(void)
{
	char *start = sbrk(0), *p;

	for (int i = 0; i < 5000; i++) {
		p = sbrk(1);
		CHECK(p == start + i && *p == 0);
		*p = 1;
	}
	CHECK(sbrk(-5000) == start + 5000 && sbrk(0) == start);
	p = sbrk(PAGE * 20);
	CHECK(p == start);
	p[PAGE * 20 - 1] = 9;
	CHECK(sbrk(-PAGE * 20) == start + PAGE * 20);
	CHECK(sbrk(PAGE * 20) == start && start[PAGE * 20 - 1] == 0);
}

static void
too_much_is_refused(void)
{
	char *old = sbrk(0);
	int steps = 0;

	/* Far more than there can be, in steps of the largest number. */
	while (steps < 200 && sbrk(0x7fffffff) != (char *)-1)
		steps++;
	CHECK(steps < 200);
	CHECK(sbrk((int)0x80000001) == sbrk(0));
	(void)old;
}

static void
malloc_gives_what_is_free(void)
{
	char *p[100];

	for (int round = 0; round < 20; round++) {
		for (int i = 0; i < 100; i++) {
			p[i] = malloc((size_t)(i * 37 % 900 + 1));
			CHECK(p[i] != NULL);
			memset(p[i], i, (size_t)(i * 37 % 900 + 1));
		}
		for (int i = 0; i < 100; i++) {
			CHECK(p[i][i * 37 % 900] == i);
			free(p[i]);
		}
	}
	CHECK(sbrk(0) < (char *)0x100000);
}

/* ---- pipes and descriptors --------------------------------------------- */

static void
pipe_carries_bytes(void)
{
	int fd[2], pid, n, total = 0;

	CHECK(pipe(fd) == 0);
	pid = fork();
	if (pid == 0) {
		close(fd[0]);
		for (int i = 0; i < 50; i++)
			CHECK(write(fd[1], buf, 1033) == 1033);
		exit(0);
	}
	close(fd[1]);
	while ((n = read(fd[0], buf, 777)) > 0)
		total += n;
	CHECK(n == 0 && total == 50 * 1033);
	close(fd[0]);
	CHECK(wait(0) == pid);
}

static void
pipe_without_reader(void)
{
	int fd[2];

	CHECK(pipe(fd) == 0 && close(fd[0]) == 0);
	CHECK(write(fd[1], "x", 1) == -1);
	CHECK(close(fd[1]) == 0);
	for (int i = 0; i < BAD; i++)
		CHECK(pipe((int *)bad_addresses[i]) == -1);
	CHECK(pipe((int *)(heap_end() - 4)) == -1);
	CHECK(dup(0) == 3); /* no descriptor was lost */
}

static void
descriptors_run_out(void)
{
	int fd, pair[2];

	CHECK(dup(0) == 3 && close(3) == 0);
	for (fd = 3; fd < XV6_FILES_MAX; fd++)
		CHECK(dup(1) == fd);
	CHECK(dup(1) == -1 && open(".", XV6_O_RDONLY) == -1);
	CHECK(pipe(pair) == -1 && close(9) == 0 && pipe(pair) == -1);
	CHECK(open(".", XV6_O_RDONLY) == 9);
	CHECK(close(16) == -1 && close(-1) == -1 && close(99) == -1);
	CHECK(close(9) == 0 && close(9) == -1 && dup(9) == -1);
	CHECK(read(9, buf, 1) == -1 && write(9, buf, 1) == -1);
}

/* ---- files ------------------------------------------------------------- */

static int
make_file(const char *path, const char *text)
{
	int fd = open(path, XV6_O_CREATE | XV6_O_RDWR | XV6_O_TRUNC);

	CHECK(fd >= 0);
	CHECK(write(fd, text, (int)strlen(text)) == (int)strlen(text));
	return fd;
}

static void
files_hold_what_was_written(void)
{
	int fd = open("utest/big", XV6_O_CREATE | XV6_O_RDWR);
	struct xv6_stat st;

	CHECK(fd >= 0);
	for (int i = 0; i < 300; i++) {
		memset(buf, i, 1024);
		CHECK(write(fd, buf, 1024) == 1024);
	}
	CHECK(fstat(fd, &st) == 0 && st.type == XV6_T_FILE &&
	    st.nlink == 1 && st.size == 300 * 1024);
	close(fd);
	fd = open("utest/big", XV6_O_RDONLY);
	for (int i = 0; i < 300; i++) {
		CHECK(read(fd, buf, 1024) == 1024);
		CHECK(buf[0] == (char)i && buf[1023] == (char)i);
	}
	CHECK(read(fd, buf, 1024) == 0 && write(fd, buf, 1) == -1);
	close(fd);
	fd = open("utest/big", XV6_O_WRONLY | XV6_O_TRUNC);
	CHECK(fstat(fd, &st) == 0 && st.size == 0 && read(fd, buf, 1) == -1);
	close(fd);
	CHECK(unlink("utest/big") == 0 && open("utest/big", 0) == -1);
}

static void
unlinked_files_live_on(void)
{
	int fd = make_file("utest/f", "hello");
	struct xv6_stat st;

	CHECK(link("utest/f", "utest/g") == 0);
	CHECK(fstat(fd, &st) == 0 && st.nlink == 2);
	CHECK(unlink("utest/f") == 0 && unlink("utest/f") == -1);
	CHECK(unlink("utest/g") == 0 && stat("utest/g", &st) == -1);
	CHECK(write(fd, "more", 4) == 4);
	CHECK(fstat(fd, &st) == 0 && st.nlink == 0 && st.size == 9);
	close(fd);
	CHECK(link("utest", "utest/d") == -1);
	CHECK(link("utest/none", "utest/x") == -1);
	CHECK(link("utest/./none", "utest/x") == -1);
}

static void
directories(void)
{
	struct xv6_dirent de;
	struct xv6_stat st;
	int fd, seen = 0;

	CHECK(mkdir("utest/dir") == 0 && mkdir("utest/dir") == -1);
	CHECK(stat("utest/dir", &st) == 0 && st.type == XV6_T_DIR &&
	    st.nlink == 1);
	CHECK(mkdir("utest/dir/sub") == 0);
	CHECK(stat("utest/dir", &st) == 0 && st.nlink == 2);
	close(make_file("utest/dir/file", "x"));
	CHECK(open("utest/dir", XV6_O_RDWR) == -1);
	CHECK(open("utest/dir", XV6_O_WRONLY) == -1);
	CHECK(open("utest/dir", XV6_O_CREATE) == -1);
	CHECK(open("utest/dir/file/x", XV6_O_CREATE) == -1);
	fd = open("utest/dir", XV6_O_RDONLY);
	CHECK(fd >= 0 && write(fd, &de, sizeof(de)) == -1);
	while (read(fd, &de, sizeof(de)) == sizeof(de)) {
		CHECK(de.inum != 0);
		seen += strcmp(de.name, ".") == 0;
		seen += strcmp(de.name, "..") == 0 ? 10 : 0;
		seen += strcmp(de.name, "sub") == 0 ? 100 : 0;
		seen += strcmp(de.name, "file") == 0 ? 1000 : 0;
	}
	close(fd);
	CHECK(seen == 1111);
	CHECK(unlink("utest/dir") == -1 && unlink("utest/dir/.") == -1);
	CHECK(unlink("utest/dir/..") == -1);
	CHECK(chdir("utest/dir/sub") == 0 && open("../file", 0) >= 0);
	CHECK(chdir("../../..") == 0 && chdir("utest/dir/file") == -1);
	CHECK(unlink("utest/dir/file") == 0 && unlink("utest/dir/sub") == 0);
	CHECK(unlink("utest/dir") == 0 && chdir("utest/dir") == -1);
}

static void
names_have_14_bytes(void)
{
	CHECK(mkdir("utest/12345678901234") == 0);
	CHECK(mkdir("utest/123456789012345") == -1);
	close(make_file("utest/12345678901234/abcdefghijklmnop", "x"));
	CHECK(open("utest/123456789012345/abcdefghijklmn", 0) == 3);
	CHECK(unlink("utest/12345678901234/abcdefghijklmnXX") == 0);
	CHECK(unlink("utest/12345678901234x") == 0);
}

static void
paths_are_checked(void)
{
	memset(buf, 'x', XV6_PATH_MAX);
	buf[XV6_PATH_MAX] = '\0';
	CHECK(open(buf, XV6_O_CREATE) == -1 && unlink(buf) == -1);
	CHECK(link(buf, buf) == -1 && mkdir(buf) == -1 && chdir(buf) == -1);
	for (int i = 0; i < BAD; i++) {
		CHECK(open(bad_addresses[i], 0) == -1);
		CHECK(unlink(bad_addresses[i]) == -1);
		CHECK(mkdir(bad_addresses[i]) == -1);
		CHECK(chdir(bad_addresses[i]) == -1);
		CHECK(mknod(bad_addresses[i], 1, 0) == -1);
		CHECK(link(bad_addresses[i], "utest/x") == -1);
		CHECK(link("utest", bad_addresses[i]) == -1);
	}
	/* A string that runs into the end of memory. */
	heap_end()[-1] = 'x';
	CHECK(open(sbrk(0) - 1, XV6_O_CREATE) == -1);
}

static void
buffers_are_checked(void)
{
	int fd = make_file("utest/f", "0123456789"), fds[2];
	char *end = heap_end();
	struct xv6_stat st;

	CHECK(pipe(fds) == 0 && write(fds[1], "abc", 3) == 3);
	for (int i = 0; i < BAD; i++) {
		CHECK(write(fd, bad_addresses[i], 8192) == -1);
		CHECK(write(fds[1], bad_addresses[i], 8192) == -1);
		CHECK(read(fds[0], bad_addresses[i], 8192) == -1);
		CHECK(fstat(fd, (struct xv6_stat *)bad_addresses[i]) == -1);
	}
	CHECK(write(fd, end - 1, 2) == -1 && write(fd, end, 1) == -1);
	CHECK(fstat(fd, (struct xv6_stat *)(end - 8)) == -1);
	CHECK(fstat(fd, &st) == 0 && st.size == 10); /* nothing partial */
	CHECK(write(fd, buf, -1) == -1 && read(fd, buf, -1) == -1);
	close(fd);
	fd = open("utest/f", XV6_O_RDONLY);
	CHECK(read(fd, end - 1, 10) == -1);
	CHECK(read(fd, (char *)write_text, 10) == -1); /* not writable */
	CHECK(read(fd, buf, sizeof(buf)) == 10 && buf[0] == '0');
	CHECK(read(fds[0], buf, 10) == 3 && buf[0] == 'a');
	close(fd);
	CHECK(fstat(fds[0], &st) == -1);
	CHECK(unlink("utest/f") == 0);
}

static void
devices(void)
{
	struct xv6_stat st;
	int fd;

	CHECK(mknod("utest/console", XV6_CONSOLE_MAJOR, 0) == 0);
	CHECK(mknod("utest/console", XV6_CONSOLE_MAJOR, 0) == -1);
	CHECK(stat("utest/console", &st) == 0 && st.type == XV6_T_DEVICE);
	fd = open("utest/console", XV6_O_RDWR);
	CHECK(fd >= 0 && write(fd, "", 0) == 0);
	close(fd);
	CHECK(unlink("utest/console") == 0);
}

static void
many_processes_write(void)
{
	char path[] = "utest/p0";
	int status;

	for (int i = 0; i < 8; i++) {
		path[7] = (char)('0' + i);
		if (fork() == 0) {
			int fd = open(path, XV6_O_CREATE | XV6_O_RDWR);

			memset(buf, '0' + i, 500);
			for (int n = 0; n < 12; n++)
				CHECK(write(fd, buf, 500) == 500);
			exit(0);
		}
	}
	for (int i = 0; i < 8; i++)
		CHECK(wait(&status) > 0 && status == 0);
	for (int i = 0; i < 8; i++) {
		int fd, n, total = 0;

		path[7] = (char)('0' + i);
		fd = open(path, 0);
		while ((n = read(fd, buf, sizeof(buf))) > 0)
			for (int k = 0; k < n; k++, total++)
				CHECK(buf[k] == '0' + i);
		close(fd);
		CHECK(total == 6000 && unlink(path) == 0);
	}
}

#define TEST(fn) { #fn, fn }
static const struct {
	const char *name;
	void (*run)(void);
} tests[] = {
	TEST(exit_statuses), TEST(wait_takes_no_bad_address),
	TEST(kill_ends_a_process), TEST(faults_kill),
	TEST(exec_keeps_the_caller_on_failure), TEST(exec_takes_32_arguments),
	TEST(a_write_that_ends_in_nothing_changes_what_is_there),
	TEST(nothing_is_written_behind_the_end),
	TEST(two_write_through_one_descriptor),
	TEST(a_bare_name_is_a_program_of_the_zone),
	TEST(what_is_free_stays_the_same), TEST(a_fork_bomb_ends),
	TEST(orphans_are_taken),
	TEST(time_passes), TEST(heap_grows_and_shrinks),
	TEST(too_much_is_refused), TEST(malloc_gives_what_is_free),
	TEST(pipe_carries_bytes), TEST(pipe_without_reader),
	TEST(descriptors_run_out), TEST(files_hold_what_was_written),
	TEST(unlinked_files_live_on), TEST(directories),
	TEST(names_have_14_bytes), TEST(paths_are_checked),
	TEST(buffers_are_checked), TEST(devices),
	TEST(many_processes_write),
};

int
main(int argc, char **argv)
{
	int failed = 0, ran = 0;

	if (mkdir("utest") < 0) {
		printf("usertests: cannot make utest here\n");
		return 1;
	}
	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		int status;

		if (argc > 1 && strcmp(argv[1], tests[i].name) != 0)
			continue;
		status = in_child(tests[i].run);
		printf("%s %s\n", status == 0 ? "ok" : "not ok",
		    tests[i].name);
		failed += status != 0;
		ran++;
	}
	if (unlink("utest") < 0) {
		printf("usertests: utest is not empty\n");
		failed++;
	}
	printf("usertests: %d run, %d failed\n", ran, failed);
	return failed != 0 || ran == 0;
}
