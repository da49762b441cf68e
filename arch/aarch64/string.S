/*
 * Copies and fills of memory, in place of lib/string.c's: pairs of registers
 * and misaligned accesses, which normal memory takes. The bits of the length
 * below a block are what is left when blocks are counted down past zero.
 */

	.text

	/* void *memcpy(to, from, n) */
	.balign	16
	.globl memcpy
memcpy:
	mov	x3, x0
	subs	x2, x2, #128
	b.lo	2f
1:	ldp	x4, x5, [x1]
	ldp	x6, x7, [x1, #16]
	ldp	x8, x9, [x1, #32]
	ldp	x10, x11, [x1, #48]
	ldp	x12, x13, [x1, #64]
	ldp	x14, x15, [x1, #80]
	stp	x4, x5, [x3]
	stp	x6, x7, [x3, #16]
	ldp	x4, x5, [x1, #96]
	ldp	x6, x7, [x1, #112]
	add	x1, x1, #128
	stp	x8, x9, [x3, #32]
	stp	x10, x11, [x3, #48]
	stp	x12, x13, [x3, #64]
	stp	x14, x15, [x3, #80]
	stp	x4, x5, [x3, #96]
	stp	x6, x7, [x3, #112]
	add	x3, x3, #128
	subs	x2, x2, #128
	b.hs	1b
2:	tbz	x2, #6, 3f
	ldp	x4, x5, [x1]
	ldp	x6, x7, [x1, #16]
	ldp	x8, x9, [x1, #32]
	ldp	x10, x11, [x1, #48]
	add	x1, x1, #64
	stp	x4, x5, [x3]
	stp	x6, x7, [x3, #16]
	stp	x8, x9, [x3, #32]
	stp	x10, x11, [x3, #48]
	add	x3, x3, #64
3:	tbz	x2, #5, 4f
	ldp	x4, x5, [x1], #16
	ldp	x6, x7, [x1], #16
	stp	x4, x5, [x3], #16
	stp	x6, x7, [x3], #16
4:	tbz	x2, #4, 5f
	ldp	x4, x5, [x1], #16
	stp	x4, x5, [x3], #16
5:	tbz	x2, #3, 6f
	ldr	x4, [x1], #8
	str	x4, [x3], #8
6:	tst	x2, #7
	b.ne	7f
	ret
7:	tbz	x2, #2, 8f
	ldr	w4, [x1], #4
	str	w4, [x3], #4
8:	tbz	x2, #1, 9f
	ldrh	w4, [x1], #2
	strh	w4, [x3], #2
9:	tbz	x2, #0, 10f
	ldrb	w4, [x1]
	strb	w4, [x3]
10:	ret

	/* void *memset(to, byte, n) */
	.balign	16
	.globl memset
memset:
	mov	x3, x0
	and	x1, x1, #0xff
	orr	x1, x1, x1, lsl #8
	orr	x1, x1, x1, lsl #16
	orr	x1, x1, x1, lsl #32
	subs	x2, x2, #128
	b.lo	2f
1:	stp	x1, x1, [x3]
	stp	x1, x1, [x3, #16]
	stp	x1, x1, [x3, #32]
	stp	x1, x1, [x3, #48]
	stp	x1, x1, [x3, #64]
	stp	x1, x1, [x3, #80]
	stp	x1, x1, [x3, #96]
	stp	x1, x1, [x3, #112]
	add	x3, x3, #128
	subs	x2, x2, #128
	b.hs	1b
2:	tbz	x2, #6, 3f
	stp	x1, x1, [x3]
	stp	x1, x1, [x3, #16]
	stp	x1, x1, [x3, #32]
	stp	x1, x1, [x3, #48]
	add	x3, x3, #64
3:	tbz	x2, #5, 4f
	stp	x1, x1, [x3], #16
	stp	x1, x1, [x3], #16
4:	tbz	x2, #4, 5f
	stp	x1, x1, [x3], #16
5:	tbz	x2, #3, 6f
	str	x1, [x3], #8
6:	tst	x2, #7
	b.ne	7f
	ret
7:	tbz	x2, #2, 8f
	str	w1, [x3], #4
8:	tbz	x2, #1, 9f
	strh	w1, [x3], #2
9:	tbz	x2, #0, 10f
	strb	w1, [x3]
10:	ret
