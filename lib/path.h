/* SPDX-License-Identifier: MIT */
/* Pure helpers on path texts; they know nothing of files. */
#pragma once

#include <lib/base.h>

static inline const char *
path_skip_slashes(const char *path)
{
	while (*path == '/')
		path++;
	return path;
}

/*
 * Splits off the next component: skips slashes, sets *name to its first
 * byte, returns its length and moves *path behind it. 0: there is none.
 */
static inline size_t
path_next(const char **path, const char **name)
{
	const char *start = path_skip_slashes(*path);
	const char *end = start;

	while (*end != '\0' && *end != '/')
		end++;
	*name = start;
	*path = end;
	return (size_t)(end - start);
}

static inline bool
path_is_dot(const char *name, size_t len)
{
	return len == 1 && name[0] == '.';
}

static inline bool
path_is_dotdot(const char *name, size_t len)
{
	return len == 2 && name[0] == '.' && name[1] == '.';
}

/* True if only slashes are left: the component before was the last one. */
static inline bool
path_is_end(const char *rest)
{
	return *path_skip_slashes(rest) == '\0';
}
