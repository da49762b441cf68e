/*
 * The trap vector. Here: find the kernel stack (thread_head.kstack_top), save
 * the user's registers as struct arch_frame, call trap_entry() or, for calls,
 * trap_syscall(), look at thread_head.work (trap_work()), restore, leave.
 * arch_user_enter(frame) is the second half alone.
 */
	.section .text.entry, "ax"
	.globl arch_user_enter
arch_user_enter:
	.section .note.GNU-stack, "", %progbits
