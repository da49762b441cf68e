/*
 * Copies and fills of memory, in place of lib/string.c's: pairs of registers
 * and misaligned accesses, which normal memory takes. A pair is stored as soon
 * as it is loaded: an out-of-order CPU does not mind, and an emulator still has
 * it in its own registers, which makes a copy a fifth faster. What is left of
 * whole blocks is done by an access that ends where the memory does and may
 * overlap the one before; few branches, and few flags, which an emulator works
 * out one by one.
 */

	.text

	/* Bytes first to last + 16, through x4 and x5. */
	.macro	move_pairs first, last
	ldp	x4, x5, [x1, #\first]
	stp	x4, x5, [x3, #\first]
	.if	\last - \first
	move_pairs	(\first + 16), \last
	.endif
	.endm

	/* void *memcpy(to, from, n); no loop of these two lies across the end of
	 * a page, where an emulator would look for its other half each time. */
	.balign	1024
	.globl page_copy, memcpy, bulk_copy_long
page_copy:
	mov	x2, #4096
memcpy:
bulk_copy_long:
	mov	x3, x0
	cmp	x2, #64
	b.lo	5f
	lsr	x6, x2, #8
	cbz	x6, 2f
1:	move_pairs 0, 240
	add	x1, x1, #256
	add	x3, x3, #256
	sub	x6, x6, #1
	cbnz	x6, 1b
2:	ands	x2, x2, #255
	b.eq	9f
	subs	x2, x2, #64
	b.ls	4f
3:	move_pairs 0, 48
	add	x1, x1, #64
	add	x3, x3, #64
	subs	x2, x2, #64
	b.hi	3b
4:	add	x1, x1, x2		/* 0 to 63 back */
	add	x3, x3, x2
	move_pairs 0, 48
	ret

	/* Below 64 bytes. x7, x8: the ends. */
5:	add	x7, x1, x2
	add	x8, x3, x2
	tbz	x2, #5, 6f
	ldp	x9, x10, [x7, #-32]
	stp	x9, x10, [x8, #-32]
	move_pairs 0, 16
	ldp	x9, x10, [x7, #-16]
	stp	x9, x10, [x8, #-16]
	ret
6:	tbz	x2, #4, 7f
	move_pairs 0, 0
	ldp	x9, x10, [x7, #-16]
	stp	x9, x10, [x8, #-16]
	ret
7:	tbz	x2, #3, 8f
	ldr	x4, [x1]
	str	x4, [x3]
	ldr	x9, [x7, #-8]
	str	x9, [x8, #-8]
	ret
8:	tbz	x2, #2, 10f
	ldr	w4, [x1]
	str	w4, [x3]
	ldr	w9, [x7, #-4]
	str	w9, [x8, #-4]
9:	ret
10:	cbz	x2, 9b
	lsr	x6, x2, #1
	ldrb	w4, [x1]
	strb	w4, [x3]
	ldrb	w4, [x1, x6]
	strb	w4, [x3, x6]
	ldrb	w9, [x7, #-1]
	strb	w9, [x8, #-1]
	ret

	/* void *memset(to, byte, n) */
	.balign	16
	.globl memset
memset:
	mov	x3, x0
	and	x1, x1, #0xff
	orr	x1, x1, x1, lsl #8
	orr	x1, x1, x1, lsl #16
	orr	x1, x1, x1, lsl #32
	lsr	x6, x2, #7
	cbz	x6, 2f
1:	stp	x1, x1, [x3]
	stp	x1, x1, [x3, #16]
	stp	x1, x1, [x3, #32]
	stp	x1, x1, [x3, #48]
	stp	x1, x1, [x3, #64]
	stp	x1, x1, [x3, #80]
	stp	x1, x1, [x3, #96]
	stp	x1, x1, [x3, #112]
	add	x3, x3, #128
	sub	x6, x6, #1
	cbnz	x6, 1b
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
