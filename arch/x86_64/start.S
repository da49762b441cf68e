/*
 * Entry. A PVH loader jumps to pvh_start in 32-bit mode, paging off, flat
 * segments, ebx = struct hvm_start_info. First tables, all static: the first
 * 4 GiB of memory in the direct map, the first GiB at KERNEL_BASE, and for the
 * moment of the jump at its own address. Other CPUs begin in the copy that
 * cpu.c makes of ap_start below 1 MiB.
 *
 * Source: Xen docs/misc/pvh.pandoc; Intel SDM volume 3, 9.8.5 (long mode).
 */
#include "offsets.h"

#define PA(x) (x - KERNEL_BASE)
#define TABLE 0x23 /* present, writable, accessed */
#define LARGE 0xe3 /* the same, dirty, 2 MiB */

	.section .note.pvh, "a", @note
	.balign	4
	.long	4, 8, 18		/* name, descriptor, type */
	.asciz	"Xen"
	.quad	PA(pvh_start)

	.section .text.start, "ax"
	.code32
	.globl pvh_start
pvh_start:
	cld
	movl	%ebx, %ebp
	movl	$PA(kernel_bss_start), %edi
	movl	$PA(kernel_bss_end), %ecx
	subl	%edi, %ecx
	shrl	$2, %ecx
	xorl	%eax, %eax
	rep stosl

	/* boot_pages: 4 * 512 entries of 2 MiB */
	movl	$PA(boot_pages), %edi
	movl	$LARGE, %eax
	xorl	%edx, %edx
1:	movl	%eax, (%edi)
	movl	%edx, 4(%edi)
	addl	$8, %edi
	addl	$0x200000, %eax
	jnc	1b
	movl	$PA(kernel_gigs), %edi
	movl	$PA(boot_pages) + TABLE, %eax
	movl	%eax, (%edi)		/* lent */
	movl	%eax, KERNEL_SLOT * 8(%edi)
	movl	$4, %ecx
	leal	DIRECT_SLOT * 8(%edi), %edi
2:	movl	%eax, (%edi)
	addl	$8, %edi
	addl	$0x1000, %eax
	loop	2b
	movl	$PA(kernel_gigs) + TABLE, %eax
	movl	%eax, PA(boot_root)	/* lent */
	movl	%eax, PA(boot_root) + 511 * 8

	movl	$PA(boot_root), %eax
	movl	%eax, %cr3
	call	long_mode_on
	lgdt	PA(boot_gdtr)
	ljmp	$KERNEL_CS, $PA(pvh_long)

	/* PAE, long mode, no-execute where it is there, paging. */
long_mode_on:
	movl	%cr4, %eax
	orl	$CR4_PAE, %eax
	movl	%eax, %cr4
	movl	$0x80000001, %eax
	cpuid
	movl	%edx, %esi
	movl	$MSR_EFER, %ecx
	rdmsr
	orl	$EFER_LME, %eax
	testl	$1 << 20, %esi
	jz	1f
	orl	$EFER_NXE, %eax
1:	wrmsr
	movl	%cr0, %eax
	orl	$CR0_PG_WP, %eax
	movl	%eax, %cr0
	ret

	.code64
pvh_long:
	movq	$pvh_high, %rax
	jmp	*%rax
pvh_high:
	call	load_segments
	leaq	boot_stack_top(%rip), %rsp
	leaq	x86_cpus(%rip), %rdi
	leaq	boot_thread(%rip), %rsi
	call	set_current
	movl	%ebp, %edi
	xorl	%esi, %esi
	call	kernel_main
	ud2

load_segments:
	lgdt	boot_gdtr_high(%rip)
	movl	$KERNEL_DS, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	xorl	%eax, %eax
	movl	%eax, %fs
	movl	%eax, %gs
	ret

	/* rdi = struct x86_cpu, rsi = thread_head */
set_current:
	movq	%rsi, (%rdi)
	movq	%rdi, CPU_SELF(%rdi)
	movl	$MSR_GS_BASE, %ecx
	movl	%edi, %eax
	movq	%rdi, %rdx
	shrq	$32, %rdx
	wrmsr
	ret

/*
 * Another CPU, from the end of ap_start: rsp is not set. Its record is found
 * by the id that CPUID tells.
 */
	.globl secondary_start
secondary_start:
	movl	$1, %eax
	cpuid
	shrl	$24, %ebx
	leaq	cpu_starts(%rip), %rsi
	movl	$CPUS, %ecx
1:	cmpq	$0, START_READY(%rsi)
	je	2f
	cmpq	%rbx, START_HWID(%rsi)
	je	3f
2:	addq	$START_SIZE, %rsi
	decl	%ecx
	jnz	1b
4:	cli
	hlt
	jmp	4b
3:	movq	START_STACK(%rsi), %rsp
	movq	arch_kernel_space+SPACE_ROOT(%rip), %rax
	movq	%rax, %cr3
	movq	%rsi, %rbx
	call	load_segments
	movq	START_CPU(%rbx), %rdi
	movq	START_HEAD(%rbx), %rsi
	call	set_current
	call	cpu_main
	ud2

/*
 * Copied to a page below 1 MiB, whose address is in CS. What lies behind
 * ap_data is filled in by cpu.c.
 */
#define AP(x) (x - ap_start)
	.section .rodata.ap, "a"
	.balign	16
	.globl ap_start, ap_end, ap_data
	.code16
ap_start:
	cli
	cld
	movw	%cs, %ax
	movw	%ax, %ds
	movzwl	%ax, %ebx
	shll	$4, %ebx
	lgdtl	AP(ap_gdtr)
	movl	%cr0, %eax
	orl	$1, %eax
	movl	%eax, %cr0
	ljmpl	*AP(ap_far32)
	.code32
ap_protected:
	movl	$KERNEL_DS, %eax
	movl	%eax, %ds
	movl	%eax, %ss
	movl	%cr4, %eax
	orl	$CR4_PAE, %eax
	movl	%eax, %cr4
	movl	AP(ap_root)(%ebx), %eax
	movl	%eax, %cr3
	movl	$MSR_EFER, %ecx
	rdmsr
	orl	AP(ap_efer)(%ebx), %eax
	wrmsr
	movl	%cr0, %eax
	orl	$CR0_PG_WP, %eax
	movl	%eax, %cr0
	ljmpl	*AP(ap_far64)(%ebx)
	.code64
ap_long:
	movq	$secondary_start, %rax
	jmp	*%rax
	.balign	8
ap_gdt:
	.quad	0, 0x00cf9b000000ffff	/* 8: 32-bit code, here only */
	.quad	GDT_KERNEL_CODE, GDT_KERNEL_DATA
ap_gdt_end:
	.balign	8
ap_data:				/* struct ap_data of cpu.c */
ap_far32:
	.long	AP(ap_protected), 8
ap_far64:
	.long	AP(ap_long), KERNEL_CS
ap_gdtr:
	.word	ap_gdt_end - ap_gdt - 1
	.long	AP(ap_gdt)
	.word	0
ap_root:
	.long	0
ap_efer:
	.long	0
ap_end:

	.section .rodata
	.balign	8
boot_gdt:
	.quad	0, 0, GDT_KERNEL_CODE, GDT_KERNEL_DATA
boot_gdt_end:
boot_gdtr:
	.word	boot_gdt_end - boot_gdt - 1
	.long	PA(boot_gdt)
	.balign	8
boot_gdtr_high:
	.word	boot_gdt_end - boot_gdt - 1
	.quad	boot_gdt

	.section .bss_stack, "aw", @nobits
	.balign	2 * KSTACK_BYTES
	.globl boot_guard, boot_stack, boot_stack_top
boot_guard:
	.space	KSTACK_BYTES	/* the half that is never used */
boot_stack:
	.space	KSTACK_BYTES
boot_stack_top:
