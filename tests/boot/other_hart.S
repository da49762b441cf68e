/*
 * Stands between the firmware and the kernel: hands the start to hart HART
 * and stops the one that the firmware chose.
 * Source: RISC-V SBI 2.0, chapter 9 (HSM).
 */
#define SBI_EXT_HSM 0x48534d
#define HART_START 0
#define HART_STOP 1
#define KERNEL 0x80200000

	.globl _start
_start:
	li	t0, KERNEL
	li	t1, HART
	beq	a0, t1, 2f	/* the firmware let it run before it knew where */
	mv	s1, a1
1:	li	a7, SBI_EXT_HSM
	li	a6, HART_START
	li	a0, HART
	li	a1, KERNEL
	mv	a2, s1
	ecall
	bnez	a0, 1b		/* not parked yet */
	li	a6, HART_STOP
	ecall
2:	jr	t0
