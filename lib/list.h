/* SPDX-License-Identifier: MIT */
/*
 * Doubly linked lists whose links live inside the elements.
 *
 * A head and an element link have the same type; an empty head and an
 * unlinked element both point at themselves, so list_del() may be called
 * twice and list_is_linked() is exact for initialized links. No locking; only
 * list_empty() may be asked by those who hold no lock: changes of next are
 * single stores for its sake.
 */
#pragma once

#include <lib/base.h>

struct list {
	struct list *next;
	struct list *prev;
};

#define LIST_INIT(name) { &(name), &(name) }

static inline void
list_set_next(struct list *l, struct list *next)
{
	__atomic_store_n(&l->next, next, __ATOMIC_RELAXED);
}

static inline void
list_init(struct list *l)
{
	list_set_next(l, l);
	l->prev = l;
}

static inline bool
list_empty(const struct list *head)
{
	return __atomic_load_n(&head->next, __ATOMIC_RELAXED) == head;
}

/* True if the (initialized) link is on some list. */
static inline bool
list_is_linked(const struct list *link)
{
	return link->next != link;
}

static inline void
list_insert_between(struct list *link, struct list *prev, struct list *next)
{
	link->prev = prev;
	link->next = next;
	list_set_next(prev, link);
	next->prev = link;
}

/* Puts link first. */
static inline void
list_add(struct list *head, struct list *link)
{
	list_insert_between(link, head, head->next);
}

/* Puts link last. */
static inline void
list_add_tail(struct list *head, struct list *link)
{
	list_insert_between(link, head->prev, head);
}

/* Takes link off its list, if any, and leaves it initialized. */
static inline void
list_del(struct list *link)
{
	list_set_next(link->prev, link->next);
	link->next->prev = link->prev;
	list_init(link);
}

static inline void
list_move_tail(struct list *head, struct list *link)
{
	list_del(link);
	list_add_tail(head, link);
}

/* Moves all elements of from to the end of head; from becomes empty. */
static inline void
list_splice_tail(struct list *head, struct list *from)
{
	if (list_empty(from))
		return;
	from->next->prev = head->prev;
	list_set_next(head->prev, from->next);
	list_set_next(from->prev, head);
	head->prev = from->prev;
	list_init(from);
}

/* Takes the first link off; NULL if there is none. */
static inline struct list *
list_take_first(struct list *head)
{
	struct list *link = head->next;

	if (link == head)
		return NULL;
	list_del(link);
	return link;
}

#define list_entry(link, type, member) container_of(link, type, member)

/* NULL if there is none. */
#define list_first(head, type, member) \
	(list_empty(head) ? NULL : container_of((head)->next, type, member))
#define list_last(head, type, member) \
	(list_empty(head) ? NULL : container_of((head)->prev, type, member))
#define list_next_or_null(pos, head, member) \
	((pos)->member.next == (head) ? NULL : \
	    container_of((pos)->member.next, typeof(*(pos)), member))
#define list_prev_or_null(pos, head, member) \
	((pos)->member.prev == (head) ? NULL : \
	    container_of((pos)->member.prev, typeof(*(pos)), member))

/* The link of var, computed without touching *var: var may be the head. */
#define LIST_LINK_(var, member) \
	((struct list *)((uintptr_t)(var) + offsetof(typeof(*(var)), member)))

/* var must stay on the list during its turn. */
#define list_each(var, head, member) \
	for ((var) = container_of((head)->next, typeof(*(var)), member); \
	     LIST_LINK_(var, member) != (head); \
	     (var) = container_of((var)->member.next, typeof(*(var)), member))

#define list_each_reverse(var, head, member) \
	for ((var) = container_of((head)->prev, typeof(*(var)), member); \
	     LIST_LINK_(var, member) != (head); \
	     (var) = container_of((var)->member.prev, typeof(*(var)), member))

/* var may leave the list or be freed during its turn; ahead may not. */
#define list_each_safe(var, ahead, head, member) \
	for ((var) = container_of((head)->next, typeof(*(var)), member), \
	    (ahead) = LIST_LINK_(var, member) == (head) ? (var) : \
	    container_of((var)->member.next, typeof(*(var)), member); \
	     LIST_LINK_(var, member) != (head); (var) = (ahead), \
	    (ahead) = LIST_LINK_(var, member) == (head) ? (var) : \
	    container_of((var)->member.next, typeof(*(var)), member))
