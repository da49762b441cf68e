/*
 * libFuzzer on one side, a kernel booted in this process on the other.
 *
 * The kernel runs on a thread of its own and never comes back; inputs are
 * handed over one at a time. fuzz_boot() of the fuzzer boots; the program it
 * plays takes inputs by fuzz_next(), which returns when there is one, and says
 * by that call that it is done with the last one.
 */
#include <pthread.h>
#include <semaphore.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

void fuzz_boot(void);
const char *__asan_default_options(void);

/* The kernel's memory is a mapping that the leak checker does not read, so it
 * takes what only the kernel knows of (stacks of its threads) for lost. Leaks
 * are the in-kernel census's to find. */
const char *
__asan_default_options(void)
{
	return "detect_leaks=0";
}

const uint8_t *fuzz_next(size_t *len);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static struct {
	sem_t given, done;
	const uint8_t *data;
	size_t len;
	int booted;
} hand;

const uint8_t *
fuzz_next(size_t *len)
{
	sem_post(&hand.done);
	while (sem_wait(&hand.given) != 0)
		;
	*len = hand.len;
	return hand.data;
}

static void *
kernel(void *arg)
{
	fuzz_boot();
	return arg;
}

static void
boot_once(void)
{
	pthread_t t;

	if (hand.booted++)
		return;
	sem_init(&hand.given, 0, 0);
	sem_init(&hand.done, 0, 0);
	if (pthread_create(&t, NULL, kernel, NULL) != 0)
		abort();
	while (sem_wait(&hand.done) != 0)
		;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	boot_once();
	hand.data = data;
	hand.len = len;
	sem_post(&hand.given);
	while (sem_wait(&hand.done) != 0)
		;
	return 0;
}
