/* primes [limit]: a sieve of processes joined by pipes. */
#include "user.h"

/* Each stage keeps the first number it gets and passes on what that one
 * does not divide. Never returns. */
static void __attribute__((noreturn))
stage(int in)
{
	int prime, n, fd[2], pid, status = 0;

	if (read(in, &prime, sizeof(prime)) != sizeof(prime))
		exit(0);
	printf("prime %d\n", prime);
	if (pipe(fd) < 0 || (pid = fork()) < 0) {
		fprintf(2, "primes: out of pipes or processes\n");
		exit(1);
	}
	if (pid == 0) {
		close(fd[1]);
		close(in);
		stage(fd[0]);
	}
	close(fd[0]);
	while (read(in, &n, sizeof(n)) == sizeof(n))
		if (n % prime != 0)
			write(fd[1], &n, sizeof(n));
	close(fd[1]);
	wait(&status);
	exit(status);
}

int
main(int argc, char **argv)
{
	int limit = argc > 1 ? atoi(argv[1]) : 35;
	int fd[2], pid, status = 0;

	if (pipe(fd) < 0 || (pid = fork()) < 0)
		return 1;
	if (pid == 0) {
		close(fd[1]);
		stage(fd[0]);
	}
	close(fd[0]);
	for (int i = 2; i <= limit; i++)
		write(fd[1], &i, sizeof(i));
	close(fd[1]);
	wait(&status);
	return status;
}
