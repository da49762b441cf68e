/*
 * What the parts of tmpfs know of each other.
 *
 * A directory is a red-black tree of entries ordered by a key made of the
 * name's hash. The key is also the entry's cookie for listing: it does not
 * change while the entry lives, so a listing that goes on later misses and
 * repeats nothing. Names whose hashes meet take the next free keys.
 *
 * An entry holds a reference to its vnode, or (initfs) still points into the
 * archive: its vnode is made when somebody looks the name up.
 *
 * Locks: a directory's tree by its vnode's lock; turning an archive entry
 * into a vnode (under the shared lock) by tmpfs.make_lock.
 */
#pragma once

#include <kernel/log.h>
#include <kernel/time.h>
#include <kernel/user.h>
#include <kernel/vfs.h>
#include <lib/cpio.h>
#include <lib/string.h>

struct tmpfs {
	struct super *super; /* [I] */
	atomic_ullong next_ino; /* [A] */
	atomic_long pages, max_pages; /* [A] */
	atomic_long nodes, max_nodes; /* [A] */
	uint64_t seed; /* [I] of name hashes */
	struct mutex make_lock; /* RANK_MEMOBJ */
};

struct tent {
	struct rbnode node; /* [P] by key */
	uint64_t key; /* [I] */
	/* [P] vnode, or with bit 0 set the archive's header; a header becomes
	 * a vnode under make_lock. */
	atomic_uintptr_t what;
	const char *name; /* [I] behind this struct, or in the archive */
	uint16_t len; /* [I] */
	uint16_t room; /* [I] bytes allocated behind the struct */
};

struct xattr;

struct tnode {
	struct vnode v;
	struct rbroot entries; /* [l] directories */
	uint64_t count; /* [l] directories: entries */
	struct list xattrs; /* [l] */
	/* files of an archive: their bytes, which are not changed; pages that
	 * were truncated away do not come back. */
	const uint8_t *image; /* [I] */
	atomic_ullong image_size; /* [A] bytes */
};

static inline struct tnode *
tnode_of(struct vnode *v)
{
	return container_of(v, struct tnode, v);
}

static inline struct tmpfs *
tmpfs_of(struct vnode *v)
{
	return v->super->data;
}

/* dir.c */
struct tent *tent_find(struct vnode *dir, const char *name, size_t len);
/* Adds a name; what as in struct tent. in_place: name stays where it is. */
enum err tent_add(struct vnode *dir, const char *name, size_t len,
    uintptr_t what, bool in_place);
void tent_remove(struct vnode *dir, struct tent *t);
enum err tmpfs_list(struct vnode *dir, uint64_t *off, struct dir_sink *sink);
/* The entry's vnode, referenced. */
enum err tent_vnode(struct vnode *dir, struct tent *t, struct vnode **out);

/* tmpfs.c */
struct tnode_image { /* a file's first bytes, in memory that stays */
	const uint8_t *data;
	uint64_t size; /* bytes; 0: none */
};
#define NO_IMAGE ((struct tnode_image){ NULL, 0 })
enum err tnode_create(struct super *s, const struct vnode_new *what,
    struct tnode_image image, struct vnode **out);
enum err tmpfs_setup(struct super *s, const char *options);
enum err tmpfs_stat(struct super *s, struct fs_stat *out);
size_t tmpfs_options(struct super *s, char *buf, size_t len);
void tmpfs_unmount(struct super *s);
extern const struct vnode_ops tmpfs_ops;

/* initfs.c */
enum err initfs_make(struct vnode *dir, uintptr_t header, struct vnode **out);
unsigned initfs_type(uintptr_t header, uint64_t *ino);

/* xattr.c */
enum err tmpfs_xattr_get(struct vnode *v, const char *name, void *buf,
    size_t len, size_t *done);
enum err tmpfs_xattr_set(struct vnode *v, const char *name, const void *buf,
    size_t len, unsigned flags);
enum err tmpfs_xattr_list(
    struct vnode *v, char *buf, size_t len, size_t *done);
void tmpfs_xattr_free(struct tnode *n);
