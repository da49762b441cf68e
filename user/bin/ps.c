/* ps [-l]: the processes, from /proc. */
#include "tool.h"

#include <ctype.h>
#include <dirent.h>

struct line {
	int pid, ppid, pgid, threads;
	char state, name[64];
	unsigned long user, system; /* hundredths */
	unsigned long long size;
	long resident; /* pages */
};

/* "pid (name) S ppid pgrp ...": the name may hold anything. */
static bool
read_stat(const char *pid, struct line *l)
{
	char path[64], text[1024], *open, *close;
	FILE *f;
	size_t n;

	snprintf(path, sizeof(path), "/proc/%.20s/stat", pid);
	f = fopen(path, "r");
	if (f == NULL)
		return false;
	n = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[n] = '\0';
	open = strchr(text, '(');
	close = strrchr(text, ')');
	if (open == NULL || close == NULL || close < open)
		return false;
	*close = '\0';
	snprintf(l->name, sizeof(l->name), "%s", open + 1);
	l->pid = atoi(text);
	return sscanf(close + 2, "%c %d %d %*d %*d %*d %*u %*u %*u %*u %*u "
	    "%lu %lu %*d %*d %*d %*d %d %*d %*u %llu %ld", &l->state,
	    &l->ppid, &l->pgid, &l->user, &l->system, &l->threads, &l->size,
	    &l->resident) == 8;
}

/* The command line, or the name in brackets. */
static void
command_of(const struct line *l, char *out, size_t size)
{
	char path[64];
	size_t n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/cmdline", l->pid);
	f = fopen(path, "r");
	if (f != NULL) {
		n = fread(out, 1, size - 1, f);
		fclose(f);
	}
	while (n > 0 && out[n - 1] == '\0')
		n--;
	for (size_t i = 0; i < n; i++)
		if (!isprint((unsigned char)out[i]))
			out[i] = ' ';
	out[n] = '\0';
	if (n == 0)
		snprintf(out, size, "[%s]", l->name);
}

static void
show(const struct line *l, bool long_form)
{
	unsigned long cpu = l->user + l->system;
	char command[200];

	command_of(l, command, sizeof(command));
	if (long_form)
		printf("%5d %5d %5d %c %3d %8llu %7ld %4lu:%02lu %s\n",
		    l->pid, l->ppid, l->pgid, l->state, l->threads,
		    l->size / 1024, l->resident * 4, cpu / 6000,
		    cpu / 100 % 60, command);
	else
		printf("%5d %c %4lu:%02lu %s\n", l->pid, l->state, cpu / 6000,
		    cpu / 100 % 60, command);
}

static int
by_pid(const void *a, const void *b)
{
	return ((const struct line *)a)->pid - ((const struct line *)b)->pid;
}

int
main(int argc, char **argv)
{
	bool long_form = argc > 1 && strchr(argv[1], 'l') != NULL;
	struct line *lines = NULL;
	size_t n = 0, cap = 0;
	struct dirent *e;
	DIR *d = opendir("/proc");

	tool_start(argv);
	if (d == NULL) {
		complain_file("/proc");
		return 1;
	}
	while ((e = readdir(d)) != NULL) {
		if (!isdigit((unsigned char)e->d_name[0]))
			continue;
		if (n == cap) {
			cap = cap * 2 + 64;
			lines = realloc(lines, cap * sizeof(*lines));
			if (lines == NULL)
				return 1;
		}
		if (read_stat(e->d_name, &lines[n]))
			n++;
	}
	closedir(d);
	if (n > 0)
		qsort(lines, n, sizeof(*lines), by_pid);
	if (long_form)
		printf("%5s %5s %5s S %3s %8s %7s %7s %s\n", "PID", "PPID",
		    "PGID", "THR", "SIZE/K", "RES/K", "TIME", "COMMAND");
	else
		printf("%5s S %7s %s\n", "PID", "TIME", "COMMAND");
	for (size_t i = 0; i < n; i++)
		show(&lines[i], long_form);
	return finish();
}
