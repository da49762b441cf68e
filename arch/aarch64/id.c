/*
 * What programs may know of the CPU: the capability words, and the
 * identification registers. Reading one of those in user mode traps; the
 * answer is the register of the boot CPU, cut down to the fields that promise
 * nothing the kernel does not keep: no SVE, SME, pointer authentication, memory
 * tags or branch targets, whose state would have to be switched.
 *
 * Source: Arm ARM D19.2; Linux Documentation/arch/arm64/
 * {cpu-feature-registers,elf_hwcaps}.rst.
 */
#include <kernel/cpu.h>
#include <kernel/user.h>

#include <lib/fmt.h>
#include <lib/string.h>

#include "arm64.h"

/* The registers that have a visible field, as op0 3, op1 0, CRn 0. */
enum id_reg { PFR0, PFR1, ISAR0, ISAR1, ISAR2, MMFR0, MMFR1, MMFR2, IDS };

static const struct {
	uint8_t crm, op2;
	uint64_t visible;
} id_regs[IDS] = {
	/* EL0, FP, AdvSIMD, DIT */
	[PFR0] = { 4, 0, UINT64_C(0x000f000000ff000f) },
	/* SSBS */
	[PFR1] = { 4, 1, UINT64_C(0x00000000000000f0) },
	/* RNDR TS FHM DP SM4 SM3 SHA3 RDM - Atomic CRC32 SHA2 SHA1 AES - */
	[ISAR0] = { 6, 0, UINT64_C(0xf0fffffff0fffff0) },
	/* I8MM DGH BF16 - SB FRINTTS - - LRCPC FCMA JSCVT - - DPB */
	[ISAR1] = { 6, 1, UINT64_C(0x00fff0ff00fff00f) },
	/* RPRES */
	[ISAR2] = { 6, 2, UINT64_C(0x00000000000000f0) },
	[MMFR0] = { 7, 0, 0 },
	[MMFR1] = { 7, 1, UINT64_C(0x0000f00000000000) }, /* AFP */
	[MMFR2] = { 7, 2, UINT64_C(0x0000000f00000000) }, /* AT */
};

static uint64_t ids[IDS]; /* [I] after the boot CPU's start */
static uint64_t midr[CPU_MAX]; /* [I] after that CPU's start */

/* A capability: a field of at least min. A field of all ones is -1: absent. */
static const struct capability {
	const char *name;
	uint8_t bit, reg, shift, min; /* bit: 64 and up are AT_HWCAP2's */
} capabilities[] = {
	{ "fp", 0, PFR0, 16, 0 },
	{ "asimd", 1, PFR0, 20, 0 },
	{ "aes", 3, ISAR0, 4, 1 },
	{ "pmull", 4, ISAR0, 4, 2 },
	{ "sha1", 5, ISAR0, 8, 1 },
	{ "sha2", 6, ISAR0, 12, 1 },
	{ "crc32", 7, ISAR0, 16, 1 },
	{ "atomics", 8, ISAR0, 20, 2 },
	{ "fphp", 9, PFR0, 16, 1 },
	{ "asimdhp", 10, PFR0, 20, 1 },
	{ "cpuid", 11, PFR0, 0, 1 },
	{ "asimdrdm", 12, ISAR0, 28, 1 },
	{ "jscvt", 13, ISAR1, 12, 1 },
	{ "fcma", 14, ISAR1, 16, 1 },
	{ "lrcpc", 15, ISAR1, 20, 1 },
	{ "dcpop", 16, ISAR1, 0, 1 },
	{ "sha3", 17, ISAR0, 32, 1 },
	{ "sm3", 18, ISAR0, 36, 1 },
	{ "sm4", 19, ISAR0, 40, 1 },
	{ "asimddp", 20, ISAR0, 44, 1 },
	{ "sha512", 21, ISAR0, 12, 2 },
	{ "asimdfhm", 23, ISAR0, 48, 1 },
	{ "dit", 24, PFR0, 48, 1 },
	{ "uscat", 25, MMFR2, 32, 1 },
	{ "ilrcpc", 26, ISAR1, 20, 2 },
	{ "flagm", 27, ISAR0, 52, 1 },
	{ "ssbs", 28, PFR1, 4, 2 },
	{ "sb", 29, ISAR1, 36, 1 },
	{ "dcpodp", 64, ISAR1, 0, 2 },
	{ "flagm2", 71, ISAR0, 52, 2 },
	{ "frint", 72, ISAR1, 32, 1 },
	{ "i8mm", 77, ISAR1, 52, 1 },
	{ "bf16", 78, ISAR1, 44, 1 },
	{ "dgh", 79, ISAR1, 48, 1 },
	{ "rng", 80, ISAR0, 60, 1 },
	{ "afp", 84, MMFR1, 44, 1 },
	{ "rpres", 85, ISAR2, 4, 1 },
};

static bool
has(const struct capability *c)
{
	unsigned field = (unsigned)(ids[c->reg] >> c->shift) & 0xf;

	return field >= c->min && field != 0xf;
}

void
id_init(void)
{
	midr[cpu_id()] = sysreg_read(midr_el1);
	if (cpu_id() != 0)
		return;
	ids[PFR0] = sysreg_read(id_aa64pfr0_el1);
	ids[PFR1] = sysreg_read(id_aa64pfr1_el1);
	ids[ISAR0] = sysreg_read(id_aa64isar0_el1);
	ids[ISAR1] = sysreg_read(id_aa64isar1_el1);
	ids[ISAR2] = sysreg_read(s3_0_c0_c6_2);
	ids[MMFR1] = sysreg_read(id_aa64mmfr1_el1);
	ids[MMFR2] = sysreg_read(s3_0_c0_c7_2);
	for (unsigned i = 0; i < IDS; i++)
		ids[i] &= id_regs[i].visible;
	/* 64-bit programs only. */
	ids[PFR0] = (ids[PFR0] & ~UINT64_C(0xf)) | 1;
}

uint64_t
id_midr(unsigned cpu)
{
	return midr[cpu];
}

size_t
id_features(char *buf, size_t len)
{
	size_t n = 0;

	buf[0] = '\0';
	for (unsigned i = 0; i < ARRAY_LEN(capabilities); i++)
		if (has(&capabilities[i]) && n < len)
			n += (size_t)snprintf(buf + n, len - n, " %s",
			    capabilities[i].name);
	return n;
}

uint64_t
arch_hwcap(unsigned which)
{
	uint64_t caps = 0;

	for (unsigned i = 0; i < ARRAY_LEN(capabilities); i++)
		if (capabilities[i].bit / 64 == which && has(&capabilities[i]))
			caps |= UINT64_C(1) << capabilities[i].bit % 64;
	return caps;
}

/* RNDR is register s3_3_c2_c4_0; it sets Z when it has nothing to give. */
static bool
random_word(uint64_t *out)
{
	uint64_t failed;

	__asm__ volatile("mrs %0, s3_3_c2_c4_0\n\tcset %1, eq"
	    : "=r"(*out), "=r"(failed) : : "cc");
	return failed == 0;
}

bool
arch_random_seed(uint64_t out[4])
{
	if (ids[ISAR0] >> 60 == 0)
		return false;
	for (unsigned i = 0; i < 4; i++)
		if (!random_word(&out[i]))
			return false;
	return true;
}

/* ---- reads from user mode ----------------------------------------------- */

/* mrs xt, s3_0_c0_<crm>_<op2> */
#define MRS_ID_MASK 0xfffff000u
#define MRS_ID      0xd5380000u

/* The registers of the space that have no field to show read as zero. */
static uint64_t
id_value(unsigned crm, unsigned op2)
{
	if (crm == 0 && op2 == 0)
		return midr[0];
	if (crm == 0 && op2 == 5) /* MPIDR_EL1: which CPU is no business */
		return UINT64_C(1) << 31;
	for (unsigned i = 0; i < IDS; i++)
		if (id_regs[i].crm == crm && id_regs[i].op2 == op2)
			return ids[i];
	return 0;
}

bool
id_emulate(struct arch_frame *f)
{
	uint32_t insn;
	unsigned crm, op2, rt;

	if (!IS_ALIGNED(f->pc, 4) ||
	    user_copy_in(&insn, f->pc, sizeof(insn)) != OK ||
	    (insn & MRS_ID_MASK) != MRS_ID)
		return false;
	crm = insn >> 8 & 0xf;
	op2 = insn >> 5 & 7;
	rt = insn & 0x1f;
	/* Below 4 are the 32-bit registers, but for the first line. */
	if (crm > 7 || (crm == 0 && op2 != 0 && op2 != 5 && op2 != 6) ||
	    (crm >= 1 && crm < 4))
		return false;
	if (rt != 31)
		f->regs[rt] = id_value(crm, op2);
	f->pc += 4;
	return true;
}
