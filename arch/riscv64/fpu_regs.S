/*
 * The registers of the FPU and the vector unit: what only code with those
 * extensions can name. Everything else of the kernel is compiled without.
 *
 * Source: RISC-V D extension 2.2, V extension 1.0.
 */
.attribute arch, "rv64imafdcv"

.section .text.fp_regs, "ax"

.macro FUNCTION name
	.balign 4
	.globl \name
	.type \name, @function
\name:
.endm

/* void fp_regs_save(uint64_t f[33]): 32 registers, then fcsr. */
FUNCTION fp_regs_save
	.irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,\
24,25,26,27,28,29,30,31
	fsd f\n, (\n * 8)(a0)
	.endr
	frcsr t0
	sd t0, 256(a0)
	ret
	.size fp_regs_save, . - fp_regs_save

/* void fp_regs_load(const uint64_t f[33]) */
FUNCTION fp_regs_load
	.irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,\
24,25,26,27,28,29,30,31
	fld f\n, (\n * 8)(a0)
	.endr
	ld t0, 256(a0)
	fscsr t0
	ret
	.size fp_regs_load, . - fp_regs_load

/* void vector_regs_save(uint8_t *v, size_t step): step is what a group of
 * eight registers holds. Changes vl and vtype. */
FUNCTION vector_regs_save
	vsetvli t0, x0, e8, m8, ta, ma
	vse8.v v0, (a0)
	add a0, a0, a1
	vse8.v v8, (a0)
	add a0, a0, a1
	vse8.v v16, (a0)
	add a0, a0, a1
	vse8.v v24, (a0)
	ret
	.size vector_regs_save, . - vector_regs_save

/* void vector_regs_load(const uint8_t *v, size_t step, uint64_t vl,
 * uint64_t vtype) */
FUNCTION vector_regs_load
	vsetvli t0, x0, e8, m8, ta, ma
	vle8.v v0, (a0)
	add a0, a0, a1
	vle8.v v8, (a0)
	add a0, a0, a1
	vle8.v v16, (a0)
	add a0, a0, a1
	vle8.v v24, (a0)
	vsetvl x0, a2, a3
	ret
	.size vector_regs_load, . - vector_regs_load

/* void vector_copy_turns(void *to, const void *from, size_t turns, size_t
 * step): four groups a turn, by aligned words; at least one turn. */
FUNCTION vector_copy_turns
	vsetvli t0, x0, e64, m8, ta, ma
1:	vle64.v v0, (a1)
	add a1, a1, a3
	vle64.v v8, (a1)
	add a1, a1, a3
	vle64.v v16, (a1)
	add a1, a1, a3
	vle64.v v24, (a1)
	add a1, a1, a3
	vse64.v v0, (a0)
	add a0, a0, a3
	vse64.v v8, (a0)
	add a0, a0, a3
	vse64.v v16, (a0)
	add a0, a0, a3
	vse64.v v24, (a0)
	add a0, a0, a3
	addi a2, a2, -1
	bnez a2, 1b
	ret
	.size vector_copy_turns, . - vector_copy_turns

/* void vector_copy_bytes(void *to, const void *from, size_t n): n > 0. */
FUNCTION vector_copy_bytes
1:	vsetvli t0, a2, e8, m8, ta, ma
	vle8.v v0, (a1)
	add a1, a1, t0
	vse8.v v0, (a0)
	add a0, a0, t0
	sub a2, a2, t0
	bnez a2, 1b
	ret
	.size vector_copy_bytes, . - vector_copy_bytes
