/* scat [file ...]: cat, by a name that no other system's program has. */
#include "cat.c"
