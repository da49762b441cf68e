/*
 * Whether this hart has what its firmware says: one instruction, which goes on
 * behind itself when it traps. irqs off, and in no trap: what one changes
 * besides (sepc, scause, sstatus.SPP) is nobody's then.
 */
.attribute arch, "rv64imafdc"

.text

.macro PROBE name, unit, instruction:vararg
	.balign 4
	.globl \name
	.type \name, @function
\name:
	li	t2, \unit
	csrs	sstatus, t2
	la	t0, 1f
	csrrw	t1, stvec, t0
	li	a0, 0
	\instruction
	li	a0, 1
	.balign 4
1:	csrw	stvec, t1
	csrc	sstatus, t2
	ret
	.size \name, . - \name
.endm

/* bool probe_...(void): it is there. */
PROBE probe_doubles, 0x2000, fmv.d.x f0, zero
PROBE probe_vlenb, 0x200, csrr a1, 0xc22
PROBE probe_stimecmp, 0, csrr a1, 0x14d
