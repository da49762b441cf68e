/*
 * context_switch(prev_ctx, next_ctx, next, prev): Here: save what C keeps in
 * prev_ctx, load it from next_ctx, make next the current thread, and return
 * prev, in the thread that next_ctx was saved in. context_entry is where a new
 * thread comes out: it calls the entry with its argument.
 */
	.section .text.arch_switch, "ax"
	.globl context_switch, context_entry
context_switch:
context_entry:
	.section .note.GNU-stack, "", %progbits
