/*
 * What mm/ knows of page tables beside <kernel/mm.h>.
 */
#pragma once

#include "page.h"

/* Takes out the tables that overlap [at[0], at[1]), where no leaf is left, and
 * lie wholly in [room[0], room[1]). The caller flushes, then frees them with
 * pt_free_tables(). */
void pt_detach(struct arch_space *s, const vaddr_t at[2],
    const vaddr_t room[2], struct list *out);
void pt_free_tables(struct list *tables);
/* Makes the top-level entries of [start, end), so that later changes below
 * them are seen by all roots that copied these. False: out of memory. */
bool pt_prepare_top(struct arch_space *s, vaddr_t start, vaddr_t end);
