/*
 * Redirections, in two steps: redir_expand() turns them into actions, in the
 * shell, where expansion may fail; carrying actions out is only open, dup2
 * and close, so a child can do it behind vfork.
 *
 * For a built-in the descriptors are saved above 10 and put back.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sh.h"

enum { FIRST_HIGH = 10, PIPE_HOLDS = 4096 };

int
fd_high(int fd)
{
	int high = fcntl(fd, F_DUPFD_CLOEXEC, FIRST_HIGH);

	if (high >= 0)
		close(fd);
	return high;
}

/* A pipe that the text can be read from; a child writes what is too long. */
static int
here_pipe(const char *text)
{
	size_t n = strlen(text);
	int fd[2];

	if (pipe(fd) != 0)
		return -1;
	if (n <= PIPE_HOLDS) {
		write_all(fd[1], text, n);
	} else if (fork_shell(NULL, true) == 0) {
		close(fd[0]);
		write_all(fd[1], text, n);
		_exit(0);
	}
	close(fd[1]);
	return fd_high(fd[0]);
}

static bool
expand_dup(struct action *a, const char *target)
{
	char *end;

	if (strcmp(target, "-") == 0) {
		a->from = -1;
		return true;
	}
	a->from = (int)strtol(target, &end, 10);
	if (!isdigit((unsigned char)*target) || *end != '\0') {
		fail("%s: bad descriptor number", target);
		return false;
	}
	return true;
}

static bool
expand_one(const struct redir *r, struct action *a)
{
	static const int flags[] = {
		[R_IN] = O_RDONLY,
		[R_OUT] = O_WRONLY | O_CREAT | O_TRUNC,
		[R_CLOBBER] = O_WRONLY | O_CREAT | O_TRUNC,
		[R_APPEND] = O_WRONLY | O_CREAT | O_APPEND,
		[R_RDWR] = O_RDWR | O_CREAT,
	};
	struct stat st;

	a->fd = r->fd;
	a->path = r->op != R_HERE ? expand_string(r->target) :
	    r->literal ? xstrdup(r->target) : expand_here(r->target);
	if (a->path == NULL)
		return false;
	if (r->op == R_HERE) {
		a->from = here_pipe(a->path);
		a->owns_from = true;
		return a->from >= 0;
	}
	if (r->op == R_DUPIN || r->op == R_DUPOUT)
		return expand_dup(a, a->path);
	a->from = -2;
	a->flags = flags[r->op];
	if (r->op == R_OUT && sh.opt['C'] && (stat(a->path, &st) != 0 ||
	    S_ISREG(st.st_mode)))
		a->flags |= O_EXCL;
	return true;
}

bool
redir_expand(const struct redir *r, struct action **out)
{
	struct action **end = out;

	*out = NULL;
	for (; r != NULL; r = r->next) {
		*end = xmalloc(sizeof(**end));
		**end = (struct action){ .from = -1 };
		if (!expand_one(r, *end)) {
			redir_free(*out);
			*out = NULL;
			return false;
		}
		end = &(*end)->next;
	}
	return true;
}

void
redir_free(struct action *a)
{
	while (a != NULL) {
		struct action *next = a->next;

		if (a->owns_from && a->from >= 0)
			close(a->from);
		free(a->path);
		free(a);
		a = next;
	}
}

static bool
apply_one(const struct action *a)
{
	int fd, ok;

	if (a->from == -1) {
		close(a->fd);
		return true;
	}
	if (a->from >= 0)
		return dup2(a->from, a->fd) >= 0;
	fd = open(a->path, a->flags, 0666);
	if (fd < 0)
		return false;
	if (fd == a->fd)
		return true;
	ok = dup2(fd, a->fd);
	close(fd);
	return ok >= 0;
}

const char *
redir_apply(const struct action *a)
{
	for (; a != NULL; a = a->next)
		if (!apply_one(a))
			return a->path;
	return NULL;
}

static void
save_fd(struct saved_fds *save, int fd)
{
	for (int i = 0; i < save->n; i++)
		if (save->v[i].fd == fd)
			return;
	if (save->n == save->cap) {
		save->cap = save->cap * 2 + 4;
		save->v = xrealloc(save->v,
		    (size_t)save->cap * sizeof(*save->v));
	}
	save->v[save->n].fd = fd;
	save->v[save->n].copy = fcntl(fd, F_DUPFD_CLOEXEC, FIRST_HIGH);
	save->n++;
}

bool
redir_push(const struct action *a, struct saved_fds *save)
{
	*save = (struct saved_fds){ 0 };
	for (; a != NULL; a = a->next) {
		save_fd(save, a->fd);
		if (!apply_one(a)) {
			warn("%s: %s", a->path, strerror(errno));
			redir_pop(save);
			return false;
		}
	}
	return true;
}

void
redir_pop(struct saved_fds *save)
{
	while (save->n > 0) {
		save->n--;
		if (save->v[save->n].copy < 0) {
			close(save->v[save->n].fd);
			continue;
		}
		dup2(save->v[save->n].copy, save->v[save->n].fd);
		close(save->v[save->n].copy);
	}
	free(save->v);
	save->v = NULL;
}

/* exec without a command: the redirections stay. */
void
redir_keep(struct saved_fds *save)
{
	for (int i = 0; i < save->n; i++)
		if (save->v[i].copy >= 0)
			close(save->v[i].copy);
	free(save->v);
	*save = (struct saved_fds){ 0 };
}
