/* SPDX-License-Identifier: MIT */
/*
 * Kernel threads and tasks for tests.
 *
 * A crew is a set of kernel threads that run one function and are waited
 * for. A test task is a task without a program: its thread runs a kernel
 * function, so signals, groups and waiting can be tested without user mode.
 */
#pragma once

#include <kernel/ktest.h>
#include <kernel/log.h>
#include <kernel/task.h>

struct crew {
	void (*fn)(struct crew *c, unsigned number);
	void *arg;
	atomic_uint next; /* numbers of the threads */
	atomic_uint left;
	struct waitq done;
};

/* Runs fn in count threads and returns when all have ended. */
void crew_run(struct crew *c, unsigned count);

/* Another thread of the running test task. */
enum err test_thread_start(void (*fn)(void *), void *arg);
/* Starts a task, child of parent, whose thread runs fn(arg) and then exits
 * with status 0. *out referenced; NULL: not wanted. */
enum err test_task_start(
    struct task *parent, void (*fn)(void *), void *arg, struct task **out);
/* Runs fn in a task of its own and waits until that is gone. */
void test_task_run(void (*fn)(void *), void *arg);

static inline void
sleep_ms(unsigned ms)
{
	sleep_until(time_now() + ms * NS_PER_MS);
}
