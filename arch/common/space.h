/*
 * What every port's address spaces have in common.
 */
#pragma once

#include <kernel/arch.h>

/* For arch_space_init(): a space with an empty root, which the kernel half is
 * to be put into where spaces hold it. ERR_NOMEM. */
enum err space_root(struct arch_space *s, pte_t **root);
