/*
 * Directories, and realpath.
 */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "internal.h"

struct __carmine_dir {
	int fd;
	size_t at, filled; /* bytes of buf */
	struct dirent entry;
	uint64_t buf[512];
};

DIR *
fdopendir(int fd)
{
	struct stat st;
	DIR *d;

	if (fstat(fd, &st) < 0)
		return NULL;
	if (!S_ISDIR(st.st_mode)) {
		errno = ENOTDIR;
		return NULL;
	}
	d = malloc(sizeof(*d));
	if (d == NULL)
		return NULL;
	d->fd = fd;
	d->at = d->filled = 0;
	return d;
}

DIR *
opendir(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d;

	if (fd < 0)
		return NULL;
	d = fdopendir(fd);
	if (d == NULL)
		close(fd);
	return d;
}

struct dirent *
readdir(DIR *d)
{
	const struct cm_entry *e;
	long r;

	if (d->at >= d->filled) {
		r = cm_fs_list((cm_handle_t)d->fd, d->buf, sizeof(d->buf));
		if (r <= 0) {
			/* A directory that was removed has no entries. */
			if (r != 0 && r != -CM_ENOENT)
				__cm_result(r);
			return NULL;
		}
		d->at = 0;
		d->filled = (size_t)r;
	}
	e = (const void *)((const char *)d->buf + d->at);
	d->at += e->size;
	d->entry.d_ino = e->ino;
	d->entry.d_off = (off_t)e->next;
	d->entry.d_type = e->type;
	memcpy(d->entry.d_name, e->name, e->name_len);
	d->entry.d_name[e->name_len] = '\0';
	return &d->entry;
}

int
readdir_r(DIR *restrict d, struct dirent *restrict entry,
    struct dirent **restrict out)
{
	int saved = errno, e;
	struct dirent *r;

	errno = 0;
	r = readdir(d);
	e = errno;
	errno = saved;
	*out = NULL;
	if (r != NULL) {
		*entry = *r;
		*out = entry;
	}
	return e;
}

int
closedir(DIR *d)
{
	int fd = d->fd;

	free(d);
	return close(fd);
}

void
seekdir(DIR *d, long pos)
{
	d->at = d->filled = 0;
	lseek(d->fd, pos, SEEK_SET);
	d->entry.d_off = pos;
}

void
rewinddir(DIR *d)
{
	seekdir(d, 0);
}

long
telldir(DIR *d)
{
	if (d->filled == 0)
		return lseek(d->fd, 0, SEEK_CUR);
	return d->entry.d_off;
}

int
dirfd(DIR *d)
{
	return d->fd;
}

/* The name of an open file as the kernel sees it, without links and dots. */
char *
realpath(const char *restrict path, char *restrict out)
{
	char name[40], text[PATH_MAX];
	int fd = open(path, O_PATH | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return NULL;
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	n = readlink(name, text, sizeof(text) - 1);
	close(fd);
	if (n < 0)
		return NULL;
	text[n] = '\0';
	if (text[0] != '/') {
		errno = ENOENT;
		return NULL;
	}
	if (out == NULL)
		return strdup(text);
	return strcpy(out, text);
}

int
alphasort(const struct dirent **a, const struct dirent **b)
{
	return strcoll((*a)->d_name, (*b)->d_name);
}

int
scandir(const char *path, struct dirent ***out,
    int (*keep)(const struct dirent *),
    int (*compare)(const struct dirent **, const struct dirent **))
{
	struct dirent **list = NULL, **bigger, *e, *copy;
	size_t n = 0, room = 0;
	DIR *d = opendir(path);

	if (d == NULL)
		return -1;
	while ((e = readdir(d)) != NULL) {
		if (keep != NULL && !keep(e))
			continue;
		if (n == room) {
			room = room != 0 ? 2 * room : 16;
			bigger = realloc(list, room * sizeof(*list));
			if (bigger == NULL)
				goto fail;
			list = bigger;
		}
		copy = malloc(sizeof(*copy));
		if (copy == NULL)
			goto fail;
		*copy = *e;
		list[n++] = copy;
	}
	closedir(d);
	if (compare != NULL)
		qsort(list, n, sizeof(*list),
		    (int (*)(const void *, const void *))compare);
	*out = list;
	return (int)n;
fail:
	while (n > 0)
		free(list[--n]);
	free(list);
	closedir(d);
	errno = ENOMEM;
	return -1;
}
