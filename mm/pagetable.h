/*
 * What mm/ knows of page tables beside <kernel/mm.h>.
 */
#pragma once

#include "page.h"

/* As pt_free_range, but only takes the tables out: the caller flushes, then
 * frees them with pt_free_tables(). */
void pt_detach(
    struct arch_space *s, vaddr_t start, vaddr_t end, struct list *out);
void pt_free_tables(struct list *tables);
/* Makes the top-level entries of [start, end), so that later changes below
 * them are seen by all roots that copied these. False: out of memory. */
bool pt_prepare_top(struct arch_space *s, vaddr_t start, vaddr_t end);
