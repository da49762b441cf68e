/* Mappings. */
#ifndef _SYS_MMAN_H
#define _SYS_MMAN_H

#include <sys/cdefs.h>
#include <sys/types.h>

__BEGIN_DECLS

#define PROT_NONE  0
#define PROT_READ  1
#define PROT_WRITE 2
#define PROT_EXEC  4

#define MAP_FAILED    ((void *)-1)
#define MAP_PRIVATE   0
#define MAP_SHARED    1
#define MAP_FIXED     2
#define MAP_POPULATE  8
#define MAP_STACK     16
#define MAP_NORESERVE 32
#define MAP_ANONYMOUS 0x1000
#define MAP_ANON      MAP_ANONYMOUS

#define MS_ASYNC      1
#define MS_SYNC       2
#define MS_INVALIDATE 4

#define MADV_NORMAL   0
#define MADV_DONTNEED 1
#define MADV_FREE     2
#define MADV_WILLNEED 3

void *mmap(void *, size_t, int, int, int, off_t);
int munmap(void *, size_t);
int mprotect(void *, size_t, int);
int msync(void *, size_t, int);
int madvise(void *, size_t, int);

__END_DECLS
#endif
