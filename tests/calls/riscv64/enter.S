/* fuzz_enter: every register but gp and tp, which the library needs when a
 * signal comes. */
	.text
	.global fuzz_enter
fuzz_enter:
	mv	t6, a0
	ld	sp, 8(t6)
	ld	a7, 16(t6)
	ld	a0, 24(t6)
	ld	a1, 32(t6)
	ld	a2, 40(t6)
	ld	a3, 48(t6)
	ld	a4, 56(t6)
	ld	a5, 64(t6)
	ld	a6, 72(t6)
	ld	ra, 80(t6)
	ld	t0, 88(t6)
	ld	t1, 96(t6)
	ld	t2, 104(t6)
	ld	t3, 112(t6)
	ld	t4, 120(t6)
	ld	t5, 128(t6)
	ld	s0, 136(t6)
	ld	s1, 144(t6)
	ld	s2, 152(t6)
	ld	s3, 160(t6)
	ld	s4, 168(t6)
	ld	s5, 176(t6)
	ld	s6, 184(t6)
	ld	s7, 192(t6)
	ld	s8, 200(t6)
	ld	s9, 208(t6)
	ld	s10, 216(t6)
	ld	s11, 224(t6)
	ld	t6, 0(t6)
	jr	t6

	.global fuzz_call_here
fuzz_call_here:
	ecall
	ecall
	unimp
	.section .note.GNU-stack, "", @progbits
