/*
 * What ports print of a frame.
 */
#pragma once

#include <kernel/arch.h>

/* For arch_frame_dump(): registers that lie in a row, four in a line. */
void frame_dump_row(
    const uint64_t *word, const char (*names)[4], unsigned count);
