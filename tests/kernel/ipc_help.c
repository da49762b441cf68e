/* SPDX-License-Identifier: MIT */
#include "ipc_help.h"

enum err
put_n(struct file *f, const void *buf, size_t len, size_t *done)
{
	struct iter it;

	iter_kernel(&it, (void *)(uintptr_t)buf, len, false);
	*done = 0;
	return file_write(f, &it, done);
}

enum err
get_n(struct file *f, void *buf, size_t len, size_t *done)
{
	struct iter it;

	iter_kernel(&it, buf, len, true);
	*done = 0;
	return file_read(f, &it, done);
}

bool
put_text(struct file *f, const char *text)
{
	size_t done;

	return put_n(f, text, strlen(text), &done) == OK &&
	    done == strlen(text);
}

bool
get_text(struct file *f, const char *text)
{
	char buf[256];
	size_t done;

	if (get_n(f, buf, sizeof(buf), &done) != OK)
		return false;
	if (done != strlen(text) || memcmp(buf, text, done) != 0) {
		klog(LOG_ERROR, "read \"%.*s\"", (int)done, buf);
		return false;
	}
	return true;
}
