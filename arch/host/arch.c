/*
 * The host port: start, RAM, frames, and the parts a process does not have.
 *
 * main() of a host test calls host_boot(): RAM is one anonymous mapping, the
 * command line comes from the test, and kernel_main() runs the ordinary
 * start-up. arch_poweroff() ends the process with the status.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <host.h>
#include <kernel/log.h>
#include <kernel/mm.h>
#include <kernel/task.h>

#include "../common/space.h"

#define RAM_START UINT64_C(0x80000000)

struct boot_info boot_info;
uintptr_t host_direct_base;
char boot_stack_top[16]; /* the first thread's is the process's own */
unsigned arch_pt_levels = 4;
vaddr_t arch_user_end = (UINT64_C(1) << 47) - 4096;
struct arch_space arch_kernel_space;
extern struct thread boot_thread;
extern char boot_stack_top[];
void host_cpu_first(struct thread_head *head);
void *host_ram_map(size_t len);

void
host_boot(const struct host_machine *m)
{
	void *ram = host_ram_map(m->ram_bytes);

	if (ram == NULL)
		abort();
	setvbuf(stdout, NULL, _IOLBF, 0); /* a crash must not lose lines */
	host_direct_base = (uintptr_t)ram - RAM_START;
	boot_info.ram[0] = (struct boot_range){ RAM_START, m->ram_bytes };
	boot_info.ram_count = 1;
	boot_info.cpu_count = m->cpus;
	snprintf(boot_info.cmdline, sizeof(boot_info.cmdline), "%s",
	    m->cmdline);
	if (m->initrd != NULL) {
		paddr_t at = (RAM_START + m->ram_bytes / 2) & ~PAGE_MASK;

		memcpy(phys_to_virt(at), m->initrd, m->initrd_bytes);
		boot_info.initrd = (struct boot_range){ at, m->initrd_bytes };
		boot_info.reserved[boot_info.reserved_count++] =
		    boot_info.initrd;
	}
	host_cpu_first(&boot_thread.head);
	kernel_main(0, 0);
}

void
arch_init_early(uintptr_t arg0 UNUSED, uintptr_t arg1 UNUSED)
{
}

void
arch_init_cpu(void)
{
}

void
arch_poweroff(unsigned status)
{
	fflush(NULL);
	_Exit((int)status);
}

void
arch_reset(void)
{
	arch_poweroff(3);
}

void
arch_halt(void)
{
	for (;;)
		arch_pause();
}

size_t
arch_cpu_info(unsigned cpu, char *buf, size_t len)
{
	return (size_t)snprintf(buf, len, "processor\t: %u\n\n", cpu);
}

uint64_t
arch_hwcap(unsigned which UNUSED)
{
	return 0;
}

void
arch_time_scale(uint32_t *mult, uint32_t *shift)
{
	*mult = 1;
	*shift = 0;
}

void
arch_putc(char c)
{
	putchar(c);
}

bool
arch_random_seed(uint64_t out[4])
{
	return getrandom(out, 32, 0) == 32;
}

void
arch_sync_icache(const void *addr UNUSED, size_t len UNUSED)
{
}

/* ---- frames: registers of a program that is played by a test ------------ */

void
arch_frame_init(struct arch_frame *f, vaddr_t entry, vaddr_t sp)
{
	memset(f, 0, sizeof(*f));
	f->pc = entry;
	f->sp = sp;
}

void
arch_frame_set_tls(struct arch_frame *f, uintptr_t tls)
{
	f->tls = tls;
}

void
arch_frame_dump(const struct arch_frame *f)
{
	log_raw("pc %lx sp %lx\n", (unsigned long)f->pc, (unsigned long)f->sp);
}

/* "User mode" is a function that the test gave; it plays the program by
 * filling the frame and calling trap_syscall(), and never returns. */
void (*host_user_mode)(struct arch_frame *f);

void
arch_user_enter(struct arch_frame *f)
{
	arch_irq_enable();
	if (host_user_mode != NULL)
		host_user_mode(f);
	panic("no user mode on the host");
}

enum err
arch_fpu_fork(struct arch_context *child UNUSED)
{
	return OK;
}

void
arch_fpu_reset(void)
{
}

size_t
arch_fpu_size(void)
{
	return 0;
}

void
arch_fpu_export(void *buf UNUSED)
{
}

enum err
arch_fpu_import(const void *buf UNUSED, size_t len UNUSED)
{
	return OK;
}

/* ---- spaces ------------------------------------------------------------ */

enum err
arch_space_init(struct arch_space *s)
{
	pte_t *root;

	return space_root(s, &root);
}

void
arch_space_use(struct arch_space *s UNUSED)
{
}

void
arch_tlb_flush(
    struct arch_space *s UNUSED, vaddr_t start UNUSED, vaddr_t end UNUSED)
{
}
