/* fuzz_enter: every register. */
	.text
	.global fuzz_enter
fuzz_enter:
	mov	x30, x0
	ldr	x1, [x30, 8]
	mov	sp, x1
	ldr	x8, [x30, 16]
	ldp	x0, x1, [x30, 24]
	ldp	x2, x3, [x30, 40]
	ldp	x4, x5, [x30, 56]
	ldp	x6, x7, [x30, 72]
	ldp	x9, x10, [x30, 88]
	ldp	x11, x12, [x30, 104]
	ldp	x13, x14, [x30, 120]
	ldp	x15, x16, [x30, 136]
	ldp	x17, x18, [x30, 152]
	ldp	x19, x20, [x30, 168]
	ldp	x21, x22, [x30, 184]
	ldp	x23, x24, [x30, 200]
	ldp	x25, x26, [x30, 216]
	ldp	x27, x28, [x30, 232]
	ldr	x29, [x30, 248]
	ldr	x30, [x30]
	br	x30

	.global fuzz_call_here
fuzz_call_here:
	svc	0
	svc	0
	.inst	0
	.section .note.GNU-stack, "", %progbits
