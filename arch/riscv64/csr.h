/*
 * Control and status registers of S-mode, and the SBI.
 * Source: RISC-V privileged architecture 1.12; SBI 2.0.
 */
#pragma once

#include <kernel/arch.h>

#define CSR_SSTATUS  0x100
#define CSR_SIE      0x104
#define CSR_STVEC    0x105
#define CSR_STIMECMP 0x14d
#define CSR_SSCRATCH 0x140
#define CSR_SATP     0x180
#define CSR_VLENB    0xc22

#define SSTATUS_SIE   UINT64_C(0x2)
#define SSTATUS_SPIE  UINT64_C(0x20)
#define SSTATUS_SPP   UINT64_C(0x100)
#define SSTATUS_VS    UINT64_C(0x600)
#define SSTATUS_VS_INITIAL UINT64_C(0x200)
#define SSTATUS_VS_CLEAN   UINT64_C(0x400)
#define SSTATUS_VS_DIRTY   UINT64_C(0x600)
#define SSTATUS_FS    UINT64_C(0x6000)
#define SSTATUS_FS_CLEAN UINT64_C(0x4000)
#define SSTATUS_FS_DIRTY UINT64_C(0x6000)
#define SSTATUS_UNITS (SSTATUS_FS | SSTATUS_VS)
/* In the kernel, but for the units and SIE: trap.S says why. */
#define SSTATUS_KERNEL (SSTATUS_SPIE | UINT64_C(0x200000000)) /* UXL 64 */

#define SIE_SSIE UINT64_C(0x2)
#define SIE_STIE UINT64_C(0x20)
#define SIE_SEIE UINT64_C(0x200)

#define SATP_SV39 (UINT64_C(8) << 60)
#define SATP_SV48 (UINT64_C(9) << 60)

#define csr_read(csr) ({ \
	uint64_t v_; \
	__asm__ volatile("csrr %0, " #csr : "=r"(v_) : : "memory"); \
	v_; \
})
#define csr_write(csr, v) \
	__asm__ volatile("csrw " #csr ", %0" : : "r"((uint64_t)(v)) : "memory")
#define csr_set(csr, v) \
	__asm__ volatile("csrs " #csr ", %0" : : "r"((uint64_t)(v)) : "memory")
#define csr_clear(csr, v) \
	__asm__ volatile("csrc " #csr ", %0" : : "r"((uint64_t)(v)) : "memory")

#define SBI_EXT_PUTCHAR 0x01
#define SBI_EXT_TIME    0x54494d45
#define SBI_EXT_IPI     0x735049
#define SBI_EXT_HSM     0x48534d
#define SBI_EXT_SRST    0x53525354
#define SBI_EXT_RFENCE  0x52464e43

#define SBI_ERR_ALREADY (-6)

struct sbi_ret {
	long error;
	long value;
};

struct sbi_ret sbi_call(
    unsigned ext, unsigned fn, uintptr_t a0, uintptr_t a1, uintptr_t a2);

/* What the harts can do, by isa.c. */
struct riscv_isa {
	bool sstc, vector, fpu;
	uint64_t hwcap;
	unsigned vlenb; /* bytes per vector register */
	uint64_t timebase; /* Hz */
	char text[128];
};
extern struct riscv_isa riscv_isa;
void isa_read(const char *text); /* the FDT's word */
void isa_probe(void); /* this hart's; irqs off */

/* arch/riscv64/fpu.c: state of a first use; true: try the instruction again */
bool fpu_first_use(struct arch_frame *f);
/* The program of frame f loses its vector registers to its area, so that the
 * kernel may use them; irqs off. */
void vector_evict(struct arch_frame *f);
void fpu_switch(struct arch_context *prev_ctx,
    struct thread_head *next, struct arch_context *next_ctx);

/* ---- fpu_regs.S; the unit is on ---------------------------------------- */

void fp_regs_save(uint64_t *f); /* 32 registers, then fcsr */
void fp_regs_load(const uint64_t *f);
/* step: bytes that a group of eight registers holds. Both change vl and
 * vtype; the latter sets them. */
void vector_regs_save(uint8_t *v, size_t step);
void vector_regs_load(
    const uint8_t *v, size_t step, uint64_t vl, uint64_t vtype);
/* Copies turns (> 0) of four groups between addresses aligned to 8. */
void vector_copy_turns(void *to, const void *from, size_t turns, size_t step);
void vector_copy_bytes(void *to, const void *from, size_t n); /* n > 0 */

/* arch/riscv64/space.c: the kernel's final map; needs boot_info. */
void space_map_kernel(void);
/* Where p of the image is in memory. */
paddr_t space_image_phys(const void *p);
/* Chooses the kernel's place and corrects its addresses; paging off. */
void slide_kernel(const void *fdt);
/* Is word on the command line? Before anything else works. */
bool early_option(const void *fdt, const char *word);
/* Finds out whether satp holds ASIDs; boot CPU. */
void space_probe_asids(void);
/* What a hart that starts needs, read by physical address in start.S. */
struct cpu_start {
	uint64_t satp;
	uint64_t head, stack; /* virtual addresses */
	uint64_t hwid;
	uint64_t ready; /* the rest is complete */
};
extern struct cpu_start cpu_starts[];
/* Entry of other harts, start.S. */
void secondary_start(void);
