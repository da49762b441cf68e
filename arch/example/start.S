/*
 * Where the firmware jumps to. Here: mask interrupts, clear .bss, make the
 * first page tables, turn paging on, set the stack and the current thread
 * (boot_thread), call kernel_main(arg0, arg1). Other CPUs start at a second
 * label and call cpu_main().
 */
	.section .text.start, "ax"
	.globl _start
_start:

	.section .bss_stack, "aw", %nobits
	.balign 32768
boot_stack:
	.skip 32768
	.globl boot_stack_top
boot_stack_top:
	.section .note.GNU-stack, "", %progbits
