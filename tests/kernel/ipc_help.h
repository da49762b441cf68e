/* SPDX-License-Identifier: MIT */
/* What the tests of pipes, sockets, events and terminals share. */
#pragma once

#include <kernel/ipc.h>
#include <kernel/ktest.h>
#include <kernel/log.h>
#include <lib/string.h>

/* Reads or writes by kernel addresses; *done counts. */
enum err put_n(struct file *f, const void *buf, size_t len, size_t *done);
enum err get_n(struct file *f, void *buf, size_t len, size_t *done);
/* All of text was written. */
bool put_text(struct file *f, const char *text);
/* One read gives exactly text. */
bool get_text(struct file *f, const char *text);
/* What file_poll says now. */
static inline bool
polls(struct file *f, unsigned events)
{
	return (file_poll(f, NULL) & events) == events;
}
