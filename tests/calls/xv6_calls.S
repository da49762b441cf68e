/* Every xv6 call as a function, by its own name. */
#include <call.h>

	.text
#define SYS(number, name, handler, kinds) XV6_CALL(raw_##name, number)
#include <abi/xv6/table.def>
	.section .note.GNU-stack, "", @progbits
