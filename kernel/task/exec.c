/* SPDX-License-Identifier: MIT */
/*
 * What a successful exec means for the task beside its new image.
 */
#include <kernel/trace.h>

#include <lib/string.h>

#include "internal.h"

void
task_exec_done(struct task *t, const char *name)
{
	struct thread *th = t->leader;

	mutex_lock(&t->lock);
	strlcpy(t->name, name, sizeof(t->name));
	t->did_exec = true;
	t->dumpable = true;
	mutex_unlock(&t->lock);
	if (th != NULL) {
		strlcpy(th->name, name, sizeof(th->name));
		th->clear_tid = 0;
		th->robust_list = 0;
		th->robust_len = 0;
		th->rseq = 0;
		th->call_result = OK;
	}
	trace_event("exec", (uintptr_t)t->pid, 0);
	task_vfork_done(t);
}
