/* exec: what fails, what is kept, what is not. */
#include "check.h"

#include <sys/syscall.h>

static char self[4096];

static void
run(const char *what, const char *path, char *const argv[])
{
	int status;

	printf("-- %s\n", what);
	if (fork() == 0) {
		char *envp[] = { (char *)"A=1", (char *)"B=two", NULL };

		execve(path, argv, envp);
		printf("execve: %s\n", strerrorname_np(errno));
		exit(42);
	}
	wait(&status);
	fate(what, status);
}

/* The program again: tells what it was given. */
static int
again(int argc, char **argv)
{
	extern char **environ;
	sigset_t set;

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (int i = 1; i < argc; i++)
		printf("argument %d: %s\n", i, strlen(argv[i]) > 100 ?
		    "(long)" : strstr(argv[i], "abi-") ? "(path)" : argv[i]);
	for (char **e = environ; *e != NULL; e++)
		printf("environment: %s\n", *e);
	if (argc > 2 && strcmp(argv[2], "state") == 0) {
		SHOW(fcntl(20, F_GETFD));
		SHOW(fcntl(21, F_GETFD));
		sigprocmask(SIG_BLOCK, NULL, &set);
		IS(sigismember(&set, SIGUSR1));
		IS(signal(SIGUSR2, SIG_DFL) == SIG_IGN);
		IS(signal(SIGTERM, SIG_DFL) == SIG_DFL);
		SHOW(umask(0));
	}
	return 9;
}

static void
on_term(int n)
{
	(void)n;
}

static void
scripts(char *const none[])
{
	char text[4200];
	int fd;

	snprintf(text, sizeof(text), "#!%s again\nrest\n", self);
	put("script", text);
	run("not executable", "./script", none);
	chmod("script", 0755);
	run("script", "./script", (char *[]){ (char *)"script", (char *)"x",
	    NULL });
	put("script2", "#! ./script  two words \n");
	chmod("script2", 0755);
	run("script of a script", "./script2", none);
	put("lost", "#!/no/such/thing\n");
	chmod("lost", 0755);
	run("lost interpreter", "./lost", none);
	put("empty", "");
	chmod("empty", 0755);
	run("empty", "./empty", none);
	put("text", "hello\n");
	chmod("text", 0755);
	run("text", "./text", none);
	fd = open("broken", O_CREAT | O_WRONLY, 0755);
	write(fd, "\177ELF\2\1\1\0junkjunkjunk", 20);
	close(fd);
	run("broken", "./broken", none);
	unlink("script");
	unlink("script2");
	unlink("lost");
	unlink("empty");
	unlink("text");
	unlink("broken");
}

int
main(int argc, char **argv)
{
	static char longer[100000];
	char *none[] = { (char *)"x", NULL };
	char *state[] = { (char *)"x", (char *)"again", (char *)"state",
		NULL };
	char *big[] = { (char *)"x", (char *)"again", longer, longer, NULL };
	sigset_t set;
	int fd, status;

	if (argc > 1 && strcmp(argv[1], "again") == 0)
		return again(argc, argv);
	if (realpath(argv[0], self) == NULL)
		return 1;
	enter();
	run("nothing", "./none", none);
	run("directory", ".", none);
	run("below a file", "/dev/null/x", none);
	run("device", "/dev/null", none);
	run("bad path", nowhere, none);
	run("bad arguments", self, nowhere);
	scripts(none);

	fd = open("/dev/null", O_RDONLY);
	dup2(fd, 20);
	dup3(fd, 21, O_CLOEXEC);
	close(fd);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGUSR2, SIG_IGN);
	signal(SIGTERM, on_term);
	umask(027);
	run("state", self, state);
	umask(022);
	memset(longer, 'l', sizeof(longer) - 1);
	run("long arguments", self, big);

	/* By descriptor. */
	OKAY(fd = open(self, O_RDONLY));
	if (fork() == 0) {
		syscall(SYS_execveat, fd, "", state, NULL, AT_EMPTY_PATH);
		_exit(1);
	}
	wait(&status);
	fate("by descriptor", status);
	SHOW(syscall(SYS_execveat, fd, "", state, NULL, 0));
	SHOW(syscall(SYS_execveat, 99, "x", state, NULL, 0));
	SHOW(syscall(SYS_execveat, fd, "", state, NULL,
	    AT_EMPTY_PATH | 0x8000));
	close(fd);
	SHOW(open(self, O_WRONLY));
	close(20);
	close(21);
	leave();
	return 0;
}
