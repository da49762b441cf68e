/* Long transfers: several writers and readers at a time, ends that leave, pages
 * that are absent. */
#include "check.h"

#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <stdint.h>

#define PAGE   4096
#define WORDS  (64 * 1024 / 8)
#define ROUNDS 24
#define WRITERS 3

static uint64_t words[WORDS];

/* Words of one writer, counted up, in writes of changing sizes. */
static void
write_words(int to, uint64_t who)
{
	uint64_t next = 0;

	for (int i = 0; i < ROUNDS; i++) {
		size_t len = sizeof(words) - 8 * (size_t)(i * 331 % 7000);
		size_t done = 0;

		for (size_t k = 0; k < len / 8; k++)
			words[k] = who << 56 | next++;
		while (done < len) {
			ssize_t got = write(
			    to, (char *)words + done, len - done);

			if (got <= 0)
				_exit(1);
			done += (size_t)got;
		}
	}
}

static uint64_t
words_of_one(void)
{
	uint64_t sum = 0;

	for (int i = 0; i < ROUNDS; i++)
		sum += WORDS - (uint64_t)(i * 331 % 7000);
	return sum;
}

/* Reads all; of each writer the words must come in order. */
static uint64_t
read_words(int from, int in_order)
{
	uint64_t next[WRITERS] = { 0 }, count = 0, w;
	size_t kept = 0;
	ssize_t got;

	while ((got = read(from, (char *)words + kept,
	    sizeof(words) - kept)) > 0) {
		size_t have = kept + (size_t)got;

		for (size_t i = 0; i < have / 8; i++) {
			uint64_t who = words[i] >> 56;

			w = words[i] & ~(UINT64_C(0xff) << 56);
			if (who >= WRITERS || w < next[who] ||
			    (in_order && w != next[who])) {
				printf("word %llx instead of %llx\n",
				    (unsigned long long)words[i],
				    (unsigned long long)next[0]);
				exit(1);
			}
			if (i > kept / 8 + 1 && !in_order &&
			    words[i] != words[i - 1] + 1) {
				puts("a gap within a read");
				exit(1);
			}
			next[who] = w + 1;
			count++;
		}
		kept = have % 8;
		memcpy(words, (char *)words + have - kept, kept);
	}
	return count;
}

static void
many_writers(int p[2], const char *what)
{
	int status, bad = 0;

	for (uint64_t i = 0; i < WRITERS; i++) {
		if (fork() == 0) {
			close(p[0]);
			write_words(p[1], i);
			_exit(0);
		}
	}
	close(p[1]);
	printf("%s: %s words\n", what, read_words(p[0], 1) ==
	    WRITERS * words_of_one() ? "all" : "not all");
	while (wait(&status) > 0)
		bad |= status;
	printf("writers: %d\n", bad);
	close(p[0]);
}

/* Each sees an increasing part; together it is all. */
static void
many_readers(int p[2], const char *what)
{
	int counts[2], status, bad = 0;
	uint64_t n, sum = 0;

	SHOW(pipe(counts));
	for (int i = 0; i < 3; i++) {
		if (fork() == 0) {
			close(p[1]);
			n = read_words(p[0], 0);
			_exit(write(counts[1], &n, 8) == 8 ? 0 : 1);
		}
	}
	close(p[0]);
	close(counts[1]);
	write_words(p[1], 1);
	close(p[1]);
	while (read(counts[0], &n, 8) == 8)
		sum += n;
	printf("%s: %s words\n", what,
	    sum == words_of_one() ? "all" : "not all");
	while (wait(&status) > 0)
		bad |= status;
	printf("readers: %d\n", bad);
	close(counts[0]);
}

static void
absent_pages(void)
{
	char *at = mmap(NULL, 8 * PAGE, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int p[2], n;

	SHOW(pipe(p));
	for (int i = 0; i < 6; i += 2) {
		mprotect(at + i * PAGE, PAGE, PROT_NONE);
		printf("page %d: ", i);
		SHOW(write(p[1], at, 8 * PAGE));
		SHOW(ioctl(p[0], FIONREAD, &n));
		printf("%d\n", n);
		mprotect(at + i * PAGE, PAGE, PROT_READ | PROT_WRITE);
		while (n > 0)
			n -= (int)read(p[0], words, sizeof(words));
	}
	munmap(at, 8 * PAGE);
	close(p[0]);
	close(p[1]);
}

/* What a read cannot put anywhere stays for the next. */
static void
absent_target(int p[2])
{
	char *at = mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t done = 0, wrong = 0;
	ssize_t got;

	for (size_t i = 0; i < WORDS; i++)
		words[i] = i;
	SHOW(write(p[1], words, sizeof(words)));
	for (int hole = 9; done < sizeof(words); hole -= 3) {
		if (hole >= 0)
			mprotect(at + hole * PAGE, PAGE, PROT_NONE);
		got = read(p[0], at, sizeof(words) - done);
		if (hole >= 0)
			mprotect(at + hole * PAGE, PAGE,
			    PROT_READ | PROT_WRITE);
		if (got < 0 && errno == EFAULT)
			continue;
		for (ssize_t i = 0; i < got / 8; i++)
			wrong += ((uint64_t *)at)[i] != done / 8 + (size_t)i;
		done += (size_t)got;
		if (got <= 0)
			break;
	}
	printf("%zu bytes, %zu wrong\n", done, wrong);
	munmap(at, 16 * PAGE);
	close(p[0]);
	close(p[1]);
}

static void
on_alarm(int n)
{
	(void)n;
}

static void
ends_that_leave(void)
{
	struct sigaction act = { .sa_handler = on_alarm };
	static char big[400000];
	int p[2], status;

	signal(SIGPIPE, SIG_IGN);
	SHOW(pipe(p));
	if (fork() == 0) {
		close(p[1]);
		_exit(read(p[0], words, 10000) > 0 ? 0 : 1);
	}
	close(p[0]);
	printf("%s\n", write(p[1], big, sizeof(big)) >= 10000 ? "some" : "none");
	SHOW(write(p[1], big, sizeof(big)));
	wait(&status);
	fate("reader", status);
	close(p[1]);

	sigaction(SIGALRM, &act, NULL);
	SHOW(pipe(p));
	alarm(1);
	SHOW(write(p[1], big, sizeof(big)));
	alarm(1);
	SHOW(write(p[1], big, sizeof(big)));
	close(p[0]);
	close(p[1]);
}

int
main(void)
{
	int p[2];

	enter();
	SHOW(pipe(p));
	many_writers(p, "pipe");
	SHOW(socketpair(AF_UNIX, SOCK_STREAM, 0, p));
	many_writers(p, "socket");
	SHOW(pipe(p));
	many_readers(p, "pipe");
	SHOW(socketpair(AF_UNIX, SOCK_STREAM, 0, p));
	many_readers(p, "socket");
	absent_pages();
	SHOW(pipe(p));
	absent_target(p);
	SHOW(socketpair(AF_UNIX, SOCK_STREAM, 0, p));
	absent_target(p);
	ends_that_leave();
	leave();
	return 0;
}
