/* What the files of this port share. */
#pragma once

#include <kernel/cpu.h>
#include <kernel/device.h>
#include <kernel/mm.h>

#include <lib/fmt.h>
#include <lib/string.h>

void space_map_kernel(void);

struct thread_head *context_switch(struct arch_context *prev_ctx,
    struct arch_context *next_ctx, struct thread_head *next,
    struct thread_head *prev);
void context_entry(void);
void trap_entry(struct arch_frame *f, unsigned cause, vaddr_t addr);
