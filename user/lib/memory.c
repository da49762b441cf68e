/*
 * Memory: the heap's end for malloc, and mappings.
 */
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "internal.h"

static char *heap_end; /* NULL: not asked yet */

/* malloc calls this under its lock. */
void *
sbrk(ptrdiff_t add)
{
	char *old, *want, *got;

	if (heap_end == NULL)
		heap_end = (char *)cm_memory_break(NULL);
	old = heap_end;
	if (add == 0)
		return old;
	want = old + add;
	got = (char *)cm_memory_break(want);
	if (got != want) {
		errno = ENOMEM;
		return (void *)-1;
	}
	heap_end = got;
	return old;
}

static void *
address(long r)
{
	return __cm_result(r) < 0 ? MAP_FAILED : (void *)r;
}

void *
mmap(void *addr, size_t len, int prot, int flags, int fd, off_t off)
{
	return address(cm_memory_map(addr, len, (uint32_t)prot,
	    (uint32_t)flags & ~(uint32_t)MAP_ANONYMOUS,
	    flags & MAP_ANONYMOUS ? CM_HANDLE_NONE : (cm_handle_t)fd,
	    (uint64_t)off));
}

int
munmap(void *addr, size_t len)
{
	return (int)__cm_result(cm_memory_unmap(addr, len));
}

int
mprotect(void *addr, size_t len, int prot)
{
	return (int)__cm_result(
	    cm_memory_protect(addr, len, (uint32_t)prot));
}

int
msync(void *addr, size_t len, int flags)
{
	return (int)__cm_result(cm_memory_sync(
	    addr, len, flags & MS_SYNC ? CM_SYNC_WAIT : 0));
}

int
madvise(void *addr, size_t len, int advice)
{
	return (int)__cm_result(
	    cm_memory_advise(addr, len, (enum cm_advice)advice));
}

int
getpagesize(void)
{
	return (int)__cm_aux(CM_AUX_PAGESZ);
}
