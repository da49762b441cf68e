/* mv source ... target: renames; across file systems, by cp and rm. */
#include "tool.h"

#include <sys/stat.h>
#include <sys/wait.h>

/* Runs a program of ours to its end; its status, 127 when it cannot run. */
static int
run(char *const argv[])
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		execvp(argv[0], argv);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return 127;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 126;
}

static void
move(char *from, char *to)
{
	char *copy[] = { "cp", "-a", "--", from, to, NULL };
	char *delete[] = { "rm", "-r", "--", from, NULL };

	if (rename(from, to) == 0)
		return;
	if (errno != EXDEV) {
		complain("%s to %s: %s", from, to, strerror(errno));
		return;
	}
	if (run(copy) != 0 || run(delete) != 0)
		complain("%s to %s failed", from, to);
}

int
main(int argc, char **argv)
{
	struct stat st;
	bool into;
	int first = 1;

	tool_start(argv);
	if (argc > 1 && (strcmp(argv[1], "-f") == 0 ||
	    strcmp(argv[1], "--") == 0))
		first++;
	if (argc - first < 2)
		return usage("source ... target");
	into = stat(argv[argc - 1], &st) == 0 && S_ISDIR(st.st_mode);
	if (argc - first > 2 && !into) {
		complain("%s: not a directory", argv[argc - 1]);
		return 1;
	}
	for (int i = first; i < argc - 1; i++) {
		char *to = into ? path_join(argv[argc - 1],
		    path_last(argv[i])) : strdup(argv[argc - 1]);

		if (to != NULL)
			move(argv[i], to);
		free(to);
	}
	return tool_status;
}
