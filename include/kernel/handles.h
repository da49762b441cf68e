/* SPDX-License-Identifier: MIT */
/*
 * The inside of a handle table, and look-up without call or reference, which
 * every call with a descriptor makes.
 *
 * A slot is one word: the object's address in the low 48 bits (kernel
 * addresses are sign-extended from there, on every port), above it 14 bits
 * of rights, the close-on-exec mark, and the mark of a reserved slot. So one
 * load gives object, rights and flags that belong together.
 */
#pragma once

#include <kernel/obj.h>
#include <kernel/task.h>
#include <lib/bits.h>

#define SLOT_PTR_BITS 48
#define SLOT_PTR_MASK ((UINT64_C(1) << SLOT_PTR_BITS) - 1)
#define SLOT_CLOEXEC  (UINT64_C(1) << 62)
#define SLOT_RESERVED (UINT64_C(1) << 63)

#define HANDLES_MAX  (1u << 20)
#define HANDLES_MIN  64u
#define MAP_LEVELS   4 /* 64^4 > HANDLES_MAX */

/*
 * Slots and the map of free ones, replaced as a whole when the table grows.
 * Level 0 of the map has a bit per slot (set: taken), each level above a bit
 * per word below (set: that word is full).
 */
struct handle_slots {
	struct rcu_head rcu;
	unsigned size; /* [I] a power of two times 64 */
	unsigned levels; /* [I] */
	uint64_t *map[MAP_LEVELS]; /* [I] into this allocation; words [l] */
	_Atomic(uint64_t) slot[]; /* [A] written under the table's lock */
};

struct handle_table {
	struct ref refs;
	struct spinlock lock; /* RANK_HANDLES */
	_Atomic(struct handle_slots *) slots; /* [A] RCU */
	unsigned limit; /* [l] handles below this number only */
	unsigned count; /* [l] taken slots */
};

static inline uint64_t
slot_make(const struct obj *o, rights_t rights, unsigned flags)
{
	return ((uint64_t)(uintptr_t)o & SLOT_PTR_MASK) |
	    (uint64_t)(rights & RIGHTS_ALL) << SLOT_PTR_BITS |
	    (flags & HANDLE_CLOEXEC ? SLOT_CLOEXEC : 0);
}

static inline struct obj *
slot_obj(uint64_t slot)
{
	return (struct obj *)(uintptr_t)
	    ((int64_t)(slot << (64 - SLOT_PTR_BITS)) >> (64 - SLOT_PTR_BITS));
}

static inline rights_t
slot_rights(uint64_t slot)
{
	return (rights_t)(slot >> SLOT_PTR_BITS) & RIGHTS_ALL;
}

/* ---- look-up ----------------------------------------------------------- */

static inline bool
slot_is_live(uint64_t slot)
{
	return (slot & SLOT_PTR_MASK) != 0;
}

static ALWAYS_INLINE enum err
slot_check(uint64_t v, unsigned kinds, rights_t need)
{
	if (UNLIKELY(slot_obj(v) == NULL))
		return ERR_BADHANDLE;
	if (UNLIKELY(!(slot_obj(v)->kind & kinds)))
		return ERR_TYPE;
	if (UNLIKELY((slot_rights(v) & need) != need))
		return ERR_RIGHTS;
	return OK;
}

/* self, the running task, has one thread and shares its table with nobody:
 * then only that thread closes handles, and what handle_peek gives is valid
 * until it does or its call ends. */
static inline bool
handle_is_private(const struct task *self)
{
	return LIKELY(atomic_load_explicit(&self->handles->refs.count,
	    memory_order_relaxed) == 1 && atomic_load_explicit(
	    &self->thread_count, memory_order_relaxed) == 1);
}

/* The slots of a private table, for handle_peek. */
static inline const struct handle_slots *
handle_slots_of(const struct task *self)
{
	/* Only this thread stores them: program order is enough. */
	return atomic_load_explicit(
	    &self->handles->slots, memory_order_relaxed);
}

/* Borrowed; needs handle_is_private. Errors as handle_get. */
static ALWAYS_INLINE enum err
handle_peek(const struct handle_slots *s, uintptr_t h, unsigned kinds,
    rights_t need, struct obj **out)
{
	uint64_t v;
	enum err e;

	if (UNLIKELY(h >= s->size))
		return ERR_BADHANDLE;
	v = atomic_load_explicit(&s->slot[h], memory_order_relaxed);
	e = slot_check(v, kinds, need);
	if (LIKELY(e == OK))
		*out = slot_obj(v);
	return e;
}

/* An object in use for the length of one call. */
struct handle_loan {
	struct obj *obj;
	bool counted; /* with a reference */
};

/*
 * As handle_get on the running task's table, but without a reference where
 * that is private. Release with handle_return. The holder must not close
 * handles itself.
 */
static ALWAYS_INLINE enum err
handle_borrow(struct task *self, uint32_t h, unsigned kinds, rights_t need,
    struct handle_loan *out)
{
	out->counted = !handle_is_private(self);
	return UNLIKELY(out->counted) ?
	    handle_get(self->handles, h, kinds, need, &out->obj) :
	    handle_peek(handle_slots_of(self), h, kinds, need, &out->obj);
}

static inline void
handle_return(const struct handle_loan *l)
{
	if (UNLIKELY(l->counted))
		obj_unref(l->obj);
}

/* ---- slots.c ----------------------------------------------------------- */

struct handle_slots *slots_create(unsigned size); /* NULL: memory */
size_t slots_bytes(unsigned size);
void slots_free(struct handle_slots *s);
void slots_free_later(struct handle_slots *s); /* after a grace period */
/* The map beyond the word at hand. */
unsigned slots_find_above(const struct handle_slots *s, unsigned word);
void slots_word_full(struct handle_slots *s, unsigned word);
void slots_word_free(struct handle_slots *s, unsigned word);

/* The first free slot >= from, which is below size; size when there is none.
 * O(log n). */
static inline unsigned
slots_find(const struct handle_slots *s, unsigned from)
{
	uint64_t word = ~s->map[0][from / 64] & ~UINT64_C(0) << from % 64;

	return LIKELY(word != 0) ? from / 64 * 64 + ctz64(word) :
	    slots_find_above(s, from / 64);
}

static inline void
slots_take(struct handle_slots *s, unsigned n)
{
	uint64_t word = s->map[0][n / 64] |= UINT64_C(1) << n % 64;

	if (UNLIKELY(word == ~UINT64_C(0)))
		slots_word_full(s, n / 64);
}

static inline void
slots_give(struct handle_slots *s, unsigned n)
{
	uint64_t word = s->map[0][n / 64];

	s->map[0][n / 64] = word & ~(UINT64_C(1) << n % 64);
	if (UNLIKELY(word == ~UINT64_C(0)))
		slots_word_free(s, n / 64);
}

/* to is larger than from and empty. */
void slots_copy(struct handle_slots *to, const struct handle_slots *from);
