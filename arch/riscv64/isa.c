/*
 * The harts' instruction set: what the FDT says, as far as it is true.
 *
 * Each hart tries one instruction of each extension that the kernel uses and
 * the tree promises, before it is used. What one hart lacks none has: the
 * harts are up before the first program, which may run on any of them.
 *
 * Source: RISC-V unprivileged ISA 20191213, 27; Linux riscv HWCAP bits.
 */
#include <kernel/cpu.h>
#include <kernel/log.h>

#include <lib/string.h>

#include "csr.h"

bool probe_doubles(void);
bool probe_vlenb(void);
bool probe_stimecmp(void);

HOT_DATA struct riscv_isa riscv_isa;

#define HWCAP(letter) (UINT64_C(1) << ((letter) - 'a'))

/* Behind "rv64": the letters end at the first name of several. */
static char *
letters_of(char *text)
{
	return text + MIN(strlen(text), (size_t)4);
}

/* The multi-letter extension whose name begins with name, from its "_"; NULL:
 * none. */
static char *
long_name(char *text, const char *name)
{
	for (char *p = text; (p = strchr(p, '_')) != NULL; p++)
		if (strncmp(p + 1, name, strlen(name)) == 0)
			return p;
	return NULL;
}

void
isa_read(const char *text)
{
	struct riscv_isa *isa = &riscv_isa;

	strlcpy(isa->text, text, sizeof(isa->text));
	for (const char *p = letters_of(isa->text);
	    *p >= 'a' && *p <= 'z' && *p != 'z' && *p != 's' && *p != 'x'; p++)
		isa->hwcap |= HWCAP(*p);
	isa->fpu = (isa->hwcap & HWCAP('d')) != 0;
	isa->vector = (isa->hwcap & HWCAP('v')) != 0;
	isa->sstc = long_name(isa->text, "sstc") != NULL;
}

static void
cut(char *from, size_t len)
{
	memmove(from, from + len, strlen(from + len) + 1);
}

static void
drop_letter(char letter)
{
	char *p = letters_of(riscv_isa.text);

	riscv_isa.hwcap &= ~HWCAP(letter);
	for (; *p != '\0' && *p != '_'; p++)
		if (*p == letter) {
			cut(p, 1);
			return;
		}
}

static void
drop_names(const char *prefix)
{
	char *p;

	while ((p = long_name(riscv_isa.text, prefix)) != NULL) {
		const char *next = strchr(p + 1, '_');

		cut(p, next == NULL ? strlen(p) : (size_t)(next - p));
	}
}

static void
complain(const char *what)
{
	klog(LOG_WARN, "cpu %u: the FDT claims %s: not used", cpu_id(), what);
}

/* Bytes of a vector register, 0 without. */
static unsigned
vector_bytes(void)
{
	unsigned n;

	if (!probe_vlenb())
		return 0;
	csr_set(sstatus, SSTATUS_VS_INITIAL);
	n = (unsigned)csr_read(0xc22);
	csr_clear(sstatus, SSTATUS_VS);
	return n;
}

static void
vector_probe(void)
{
	unsigned n = vector_bytes();

	if (riscv_isa.vlenb == 0)
		riscv_isa.vlenb = n;
	if (n != 0 && n == riscv_isa.vlenb)
		return;
	complain(n == 0 ? "vectors, which the hart lacks" :
	    "vectors, which are of several lengths");
	riscv_isa.vector = false;
	drop_letter('v');
	drop_names("zv");
}

void
isa_probe(void)
{
	struct riscv_isa *isa = &riscv_isa;

	if (isa->fpu && !probe_doubles()) {
		complain("floating point, which the hart lacks");
		isa->fpu = false;
		drop_letter('d');
		drop_letter('f');
	}
	if (isa->vector)
		vector_probe();
	if (isa->sstc && !probe_stimecmp()) {
		complain("Sstc, which the hart lacks");
		isa->sstc = false;
		drop_names("sstc");
	}
}
