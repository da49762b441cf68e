#include "frame.h"

#include <kernel/log.h>

void
frame_dump_row(const uint64_t *word, const char (*names)[4], unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		log_raw("%-3s %016lx%s", names[i], (unsigned long)word[i],
		    i % 4 == 3 || i + 1 == count ? "\n" : "  ");
}
