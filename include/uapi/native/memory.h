/*
 * Memory: objects that hold pages, and the task's mappings of them.
 *
 * Addresses, sizes and offsets are multiples of the page size (CM_AUX_PAGESZ)
 * where a line does not say otherwise. Pages come when they are touched.
 */
#pragma once

#include "call.h"

#define CM_PROT_NONE  0x0u
#define CM_PROT_READ  0x1u
#define CM_PROT_WRITE 0x2u
#define CM_PROT_EXEC  0x4u

#define CM_MAP_SHARED    0x01u /* writes are seen by all; else copy on write */
#define CM_MAP_FIXED     0x02u /* exactly at addr, replacing what is there */
#define CM_MAP_NOREPLACE 0x04u /* with FIXED: CM_EEXISTS instead */
#define CM_MAP_POPULATE  0x08u /* bring the pages in now */
#define CM_MAP_STACK     0x10u /* grows down when touched below */
#define CM_MAP_NORESERVE 0x20u /* do not count untouched pages */

#define CM_REMAP_MOVE  0x1u /* may move to another address */
#define CM_REMAP_FIXED 0x2u /* move to new_addr, replacing what is there */

#define CM_SYNC_WAIT 0x1u /* answer when it is on the device */

enum cm_advice {
	CM_ADVISE_NORMAL,
	CM_ADVISE_DONTNEED,  /* drop; anonymous pages read as zero again */
	CM_ADVISE_FREE,      /* may be dropped when memory is short */
	CM_ADVISE_WILLNEED,  /* read ahead */
	CM_ADVISE_NOFORK,    /* not inherited by fork */
	CM_ADVISE_FORK,      /* undoes NOFORK */
	CM_ADVISE_WIPEFORK,  /* zero in the child */
	CM_ADVISE_KEEPFORK,  /* undoes WIPEFORK */
};

/*
 * Makes a memory object of size bytes (any size), all zero, that can be
 * mapped by several tasks.
 *
 * flags:  CM_HANDLE_CLOEXEC.
 * Gives:  a handle with READ WRITE EXEC MAP STAT TRANSFER DUP.
 * Errors: CM_EINVAL, CM_ENOMEM, CM_EQUOTA, CM_EMFILE.
 */
long cm_memory_create(uint64_t size, uint32_t flags);

/*
 * Sets the size in bytes. Pages beyond it are dropped, also from mappings.
 *
 * Rights: WRITE.
 * Errors: CM_EPERM sealed, CM_EFBIG, CM_ENOMEM.
 */
long cm_memory_resize(cm_handle_t h, uint64_t size);

/*
 * Maps size bytes (rounded up to pages) of the object behind h from offset
 * on, or zeroes when h is CM_HANDLE_NONE. addr is a wish without FIXED.
 *
 * Rights: MAP, READ; WRITE for a shared writable mapping; EXEC for
 *         executable ones. h: a memory object or a file.
 * Gives:  the address.
 * Errors: CM_EINVAL alignment, flags, size 0; CM_EEXISTS; CM_ENOMEM no room;
 *         CM_EQUOTA; CM_ENODEV the object has no pages; CM_EACCESS.
 */
long cm_memory_map(void *addr, size_t size, uint32_t prot, uint32_t flags,
    cm_handle_t h, uint64_t offset);

/* Removes all mappings in the range; holes are fine. Errors: CM_EINVAL,
 * CM_ENOMEM a mapping would have to be split and there is no memory. */
long cm_memory_unmap(void *addr, size_t size);

/* Sets the protection of the range. Errors: CM_EINVAL, CM_ENOMEM a hole,
 * CM_EACCESS more than the handle allowed when it was mapped. */
long cm_memory_protect(void *addr, size_t size, uint32_t prot);

/* Tells how the range will be used: enum cm_advice. Errors: CM_EINVAL,
 * CM_ENOMEM a hole. */
long cm_memory_advise(void *addr, size_t size, enum cm_advice advice);

/*
 * Grows, shrinks or moves one mapping with its pages.
 *
 * Gives:  the address, the old one when it did not move.
 * Errors: CM_EINVAL, CM_ENOMEM no room, CM_EFAULT nothing mapped at addr.
 */
long cm_memory_remap(void *addr, size_t old_size, size_t new_size,
    uint32_t flags, void *new_addr);

/* Writes dirty pages of shared file mappings back. Errors: CM_EINVAL,
 * CM_ENOMEM a hole, CM_EIO. */
long cm_memory_sync(void *addr, size_t size, uint32_t flags);

/*
 * Moves the end of the heap, which begins behind the program's data, to
 * addr (any address); NULL only asks.
 *
 * Gives:  the end as it is afterwards: unchanged when it could not move.
 */
long cm_memory_break(void *addr);
