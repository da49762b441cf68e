/*
 * Program start: the kernel left argc, argv, the environment and auxiliary
 * pairs on the stack (native/call.h). The first thread's thread-local storage
 * is set up, constructors run, then main.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "internal.h"
#include "native_arch.h"

#define SEGMENT_TLS 7

struct program_header {
	uint32_t type, flags;
	uint64_t offset, vaddr, paddr, file_size, mem_size, align;
};

static struct {
	const uint64_t *aux; /* pairs, ended by CM_AUX_NULL */
	const void *tls_image;
	size_t tls_file_size, tls_size, tls_align;
} process;

char **environ;
extern void (*__preinit_array_start[])(void) __attribute__((weak));
extern void (*__preinit_array_end[])(void) __attribute__((weak));
extern void (*__init_array_start[])(void) __attribute__((weak));
extern void (*__init_array_end[])(void) __attribute__((weak));
extern void (*__fini_array_start[])(void) __attribute__((weak));
extern void (*__fini_array_end[])(void) __attribute__((weak));

int main(int argc, char **argv, char **envp);
_Noreturn void __cm_start(uint64_t *sp);

uint64_t
__cm_aux(enum cm_aux type)
{
	for (const uint64_t *p = process.aux; p[0] != CM_AUX_NULL; p += 2)
		if (p[0] == (uint64_t)type)
			return p[1];
	return 0;
}

static void
find_tls(void)
{
	const char *p = (const char *)__cm_aux(CM_AUX_PHDR);
	size_t count = __cm_aux(CM_AUX_PHNUM);
	size_t size = __cm_aux(CM_AUX_PHENT);

	process.tls_align = 16;
	for (size_t i = 0; i < count; i++, p += size) {
		const struct program_header *ph = (const void *)p;

		if (ph->type != SEGMENT_TLS)
			continue;
		process.tls_image = (const void *)ph->vaddr;
		process.tls_file_size = ph->file_size;
		process.tls_size = ph->mem_size;
		if (ph->align > process.tls_align)
			process.tls_align = ph->align;
	}
}

/* From the thread register to the data above it: the linker rounds it up to
 * the data's alignment. */
static size_t
tls_gap(void)
{
	return (TLS_GAP + process.tls_align - 1) & -process.tls_align;
}

/* The data's bytes where it lies below the thread register. */
static size_t
tls_room(void)
{
	return (process.tls_size + process.tls_align - 1) &
	    -process.tls_align;
}

size_t
__cm_tls_size(void)
{
	return TLS_BELOW ? tls_room() + process.tls_align + sizeof(void *) :
	    tls_gap() + process.tls_size + process.tls_align;
}

static void
tls_fill(char *data)
{
	memcpy(data, process.tls_image, process.tls_file_size);
	memset(data + process.tls_file_size, 0,
	    process.tls_size - process.tls_file_size);
}

void *
__cm_tls_setup(void *block)
{
	uintptr_t tp = (uintptr_t)block;

	if (TLS_BELOW) {
		tp = (tp + tls_room() + process.tls_align - 1) &
		    -process.tls_align;
		tls_fill((char *)tp - tls_room());
		*(uintptr_t *)tp = tp;
		return (void *)tp;
	}
	/* The data begins tls_gap() above tp and is aligned there. */
	tp = (tp + tls_gap() + process.tls_align - 1) & -process.tls_align;
	tls_fill((char *)tp);
	return (void *)(tp - tls_gap());
}

static void
run_array(void (**from)(void), void (**to)(void))
{
	for (; from < to; from++)
		(*from)();
}

static void
run_fini(void)
{
	void (**p)(void) = __fini_array_end;

	while (p > __fini_array_start)
		(*--p)();
}

_Noreturn void
__cm_start(uint64_t *sp)
{
	static char first_tls[256] __attribute__((aligned(64)));
	int argc = (int)sp[0];
	char **argv = (char **)(sp + 1);
	void *block = first_tls;
	char **end;

	environ = argv + argc + 1;
	for (end = environ; *end != NULL; end++)
		;
	process.aux = (const uint64_t *)(end + 1);
	find_tls();
	if (__cm_tls_size() > sizeof(first_tls))
		block = (void *)cm_memory_map(NULL, __cm_tls_size(),
		    CM_PROT_READ | CM_PROT_WRITE, 0, CM_HANDLE_NONE, 0);
	if ((long)block < 0 && (long)block > -4096)
		cm_task_exit(127);
	arch_set_thread(__cm_tls_setup(block));
	run_array(__preinit_array_start, __preinit_array_end);
	run_array(__init_array_start, __init_array_end);
	if (&__fini_array_end[0] > &__fini_array_start[0])
		atexit(run_fini);
	exit(main(argc, argv, environ));
}

void
_exit(int status)
{
	for (;;)
		cm_task_exit(status & 0xff);
}
