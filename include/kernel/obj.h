/*
 * Kernel objects and handles.
 *
 * struct obj heads every shared thing. A task reaches objects only through
 * its handle table; handle_get() is the one lookup and checks kind and rights
 * together. Linux, xv6 and Redox descriptors and native handles are numbers
 * in that one table. Rights only shrink.
 *
 * Slots: free -> reserved (handle_reserve) -> live (handle_install) -> free
 * (handle_close). Lookup takes no lock (RCU); objects are freed after a grace
 * period, so a reader may try a reference on a dying one.
 */
#pragma once

#include <kernel/sync.h>

/* Kinds are bits so that a lookup can accept several. */
enum obj_kind {
	OBJ_FILE      = 1u << 0, /* struct file on a vnode, also devices */
	OBJ_DIR       = 1u << 1, /* struct file on a directory */
	OBJ_PIPE      = 1u << 2, /* struct file */
	OBJ_SOCKET    = 1u << 3, /* struct file */
	OBJ_EVENT     = 1u << 4, /* struct file: eventfd, native events */
	OBJ_TIMER     = 1u << 5, /* struct file */
	OBJ_WAITSET   = 1u << 6, /* struct file: epoll, native wait sets */
	OBJ_SIGNALFD  = 1u << 7, /* struct file */
	OBJ_CHANNEL   = 1u << 8, /* struct file */
	OBJ_TASKFD    = 1u << 9, /* struct file: pidfd */
	OBJ_PATH      = 1u << 10, /* struct file that only names (O_PATH) */
	OBJ_MISC      = 1u << 11, /* struct file: inotify and others */
	OBJ_TASK      = 1u << 16,
	OBJ_THREAD    = 1u << 17,
	OBJ_SPACE     = 1u << 18,
	OBJ_MEMORY    = 1u << 19, /* struct memobj */
	OBJ_CONTAINER = 1u << 20,
	OBJ_NAMESPACE = 1u << 21,
	OBJ_DEVICE    = 1u << 22,
};
#define OBJ_KINDS      23
#define OBJ_ANY        0x007fffffu
#define OBJ_ANY_FILE   0x00000fffu /* all kinds that are a struct file */
#define OBJ_STREAM     (OBJ_ANY_FILE & ~(unsigned)OBJ_PATH)

typedef uint32_t rights_t;
#define RIGHT_READ     0x001u
#define RIGHT_WRITE    0x002u
#define RIGHT_EXEC     0x004u /* map executable, exec by handle */
#define RIGHT_MAP      0x008u
#define RIGHT_SEEK     0x010u
#define RIGHT_STAT     0x020u /* read attributes */
#define RIGHT_CONTROL  0x040u /* ioctl, set attributes, options */
#define RIGHT_WAIT     0x080u /* poll, add to a wait set */
#define RIGHT_TRANSFER 0x100u /* send through a channel or socket */
#define RIGHT_DUP      0x200u
#define RIGHT_SIGNAL   0x400u /* tasks, threads, events */
#define RIGHT_MANAGE   0x800u /* containers, spaces, tasks: change them */
#define RIGHT_LOOKUP   0x1000u /* walk below a directory */
#define RIGHT_CREATE   0x2000u /* make, remove, rename entries below */
#define RIGHTS_ALL     0x3fffu

struct obj;
struct handle_table;

struct obj_ops {
	/* The last reference went; runs in thread context, may sleep. */
	void (*destroy)(struct obj *o);
	/* A handle to it in t was closed; before its reference goes. Thread
	 * context, may sleep. NULL: nothing to do. */
	void (*closed)(struct obj *o, struct handle_table *t);
};

struct obj {
	const struct obj_ops *ops; /* [I] */
	enum obj_kind kind; /* [I] */
	struct ref refs; /* [A] */
};

void obj_init(struct obj *o, const struct obj_ops *ops, enum obj_kind kind);

static inline struct obj *
obj_ref(struct obj *o)
{
	ref_inc(&o->refs);
	return o;
}

/* Drops a reference; NULL is fine; may sleep in destroy. The memory of
 * objects that lived in a handle table is freed by rcu_call in destroy. */
void obj_unref(struct obj *o);
/* Live objects of a kind, for leak checks: counted by obj_init and by
 * obj_gone(), which every destroy calls. */
unsigned long obj_live(unsigned kind_index);
void obj_gone(struct obj *o);
const char *obj_kind_name(unsigned kind_index);

/* ---- handle tables ---------------------------------------------------- */

#define HANDLE_NONE    UINT32_MAX
#define HANDLE_CLOEXEC 0x1u /* closed by exec */

struct handle_table *handle_table_create(unsigned limit); /* NULL: memory */
/* fork: every slot, with flags and rights. */
struct handle_table *handle_table_clone(struct handle_table *t);
struct handle_table *handle_table_ref(struct handle_table *t);
/* The last one closes everything; may sleep. */
void handle_table_unref(struct handle_table *t);
bool handle_table_is_shared(const struct handle_table *t);
void handle_table_set_limit(struct handle_table *t, unsigned limit);
unsigned handle_table_limit(const struct handle_table *t);

/*
 * Looks up handle h and returns the object behind it.
 *
 * Needs:  kinds to hold the object's kind and every bit of need to be held.
 * Gives:  *out referenced; the caller calls obj_unref().
 * Locks:  none (RCU); does not sleep.
 * Errors: ERR_BADHANDLE no such slot, ERR_TYPE other kind, ERR_RIGHTS.
 */
enum err handle_get(struct handle_table *t, uint32_t h, unsigned kinds,
    rights_t need, struct obj **out);
/* The quick look-up of the hot calls is in <kernel/handles.h>. */

/* Reserves the lowest free slot >= from. ERR_MFILE, ERR_NOMEM. */
enum err handle_reserve_from(
    struct handle_table *t, uint32_t from, uint32_t *out);

static inline enum err
handle_reserve(struct handle_table *t, uint32_t *out)
{
	return handle_reserve_from(t, 0, out);
}

/* Makes a reserved slot live; takes the caller's reference to o. */
void handle_install(struct handle_table *t, uint32_t h, struct obj *o,
    rights_t rights, unsigned flags);
/* Gives a reservation back; HANDLE_NONE is fine. */
void handle_cancel(struct handle_table *t, uint32_t h);
/* reserve + install; takes the reference only on success. */
enum err handle_add(struct handle_table *t, struct obj *o, rights_t rights,
    unsigned flags, uint32_t *out);
/* dup2/dup3: puts a copy of h with rights & mask at exactly target, closing
 * what was there. */
enum err handle_dup_to(struct handle_table *t, uint32_t h, uint32_t target,
    rights_t mask, unsigned flags);
/* dup: a copy at the lowest free slot >= *inout. */
enum err handle_dup(struct handle_table *t, uint32_t h, rights_t mask,
    unsigned flags, uint32_t *inout);
enum err handle_close(struct handle_table *t, uint32_t h);
/*
 * Closes n different handles together, or none: ERR_BADHANDLE when one is no
 * longer that of its object in objs. Does not sleep; the caller then calls
 * handle_closed() for each object.
 */
enum err handle_take(struct handle_table *t, const uint32_t *h,
    struct obj *const *objs, unsigned n);
/* What closing a handle of o means for o; drops the slot's reference. */
void handle_closed(struct handle_table *t, struct obj *o);
/* [first, last], both inclusive; flags HANDLE_CLOEXEC: only mark. */
void handle_close_range(
    struct handle_table *t, uint32_t first, uint32_t last, unsigned mark);
void handle_close_exec(struct handle_table *t); /* at exec */
enum err handle_flags_get(struct handle_table *t, uint32_t h, unsigned *out);
enum err handle_flags_set(struct handle_table *t, uint32_t h, unsigned flags);
enum err handle_rights(struct handle_table *t, uint32_t h, rights_t *out);
/* The first live handle >= from, for /proc/PID/fd; ERR_NOENT past the end. */
enum err handle_next(struct handle_table *t, uint32_t from, uint32_t *out,
    struct obj **obj);
/* Only the number, of one of these kinds: references nothing, takes no lock. */
enum err handle_next_number(struct handle_table *t, uint32_t from,
    unsigned kinds, uint32_t *out);
unsigned handle_count(struct handle_table *t);
