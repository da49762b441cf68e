/*
 * initfs: a tmpfs that begins with what the boot archive holds.
 *
 * At mount the archive is read once: directories become nodes, everything
 * else only an entry that points at its header in the archive. The vnode is
 * made when the name is first looked up, so a big archive costs an entry a
 * name, and start-up does not touch file contents. Whole, page-aligned pages
 * of file data are used where they lie; the rest is copied when read.
 *
 * Several archives may follow each other; a later entry replaces an earlier
 * one of the same name. Entries with link counts above one and the same
 * number in one archive are one file: they meet in the table of live vnodes
 * by a number made of archive and inode.
 */
#include "tmpfs.h"

#include <kernel/arch.h>
#include <lib/path.h>

/* Numbers of linked files lie above those that tmpfs counts. */
#define LINKED_INO(e) \
	(UINT64_C(1) << 63 | (uint64_t)(e)->archive << 32 | (e)->ino)

#define HEADER_BYTES 110u
#define ARCHIVES_MAX 16u

/* Where each archive of the image begins, so that a header read alone knows
 * its archive. Written while mounting the first time, then constant. */
static struct {
	size_t start[ARCHIVES_MAX];
	unsigned count;
} archives;

static uintptr_t
header_of(const struct cpio_entry *e)
{
	return (uintptr_t)e->name - HEADER_BYTES;
}

static uint32_t
archive_at(size_t offset)
{
	unsigned n = archives.count;

	while (n > 1 && archives.start[n - 1] > offset)
		n--;
	return n == 0 ? 0 : n - 1;
}

/* What building needs to know. */
struct build {
	struct super *super;
	struct vnode *dir; /* of the last entry; held by its tree */
	const char *dir_name; /* its path in the archive */
	size_t dir_len;
	unsigned long entries, skipped;
};

static bool
read_header(uintptr_t header, struct cpio_entry *out)
{
	struct boot_range r = boot_info.initrd;
	const uint8_t *base = phys_to_virt(r.start);
	struct cpio_iter it;

	cpio_init(&it, base, r.size);
	it.offset = (size_t)((const uint8_t *)header - base);
	it.archive = archive_at(it.offset);
	return cpio_next(&it, out) == CPIO_OK;
}

static void
set_common(struct vnode *v, const struct cpio_entry *e)
{
	v->mtime = (struct file_time){ .sec = e->mtime };
	v->atime = v->ctime = v->btime = v->mtime;
	if (!vnode_is(v, S_DIRECTORY))
		atomic_store(&v->nlink, MAX(e->nlink, 1u));
}

static enum err
make_link(const struct cpio_entry *e, struct vnode_new *what, char **text)
{
	if (e->size == 0 || e->size >= PATH_MAX)
		return ERR_INVAL;
	*text = kmalloc(e->size + 1);
	if (*text == NULL)
		return ERR_NOMEM;
	memcpy(*text, e->data, e->size);
	(*text)[e->size] = '\0';
	what->target = *text;
	return OK;
}

static enum err
make_new(struct super *s, const struct cpio_entry *e, struct vnode **out)
{
	struct vnode_new what = {
		.mode = e->mode,
		.uid = e->uid,
		.gid = e->gid,
		.rdev = (uint64_t)e->rdev_major << 32 | e->rdev_minor,
	};
	struct tnode_image image = NO_IMAGE;
	char *text = NULL;
	enum err err = OK;

	if (S_IS(e->mode, S_LINK))
		err = make_link(e, &what, &text);
	if (S_IS(e->mode, S_REGULAR))
		image = (struct tnode_image){ e->data, e->size };
	if (err == OK)
		err = tnode_create(s, &what, image, out);
	if (text != NULL)
		kfree(text, e->size + 1);
	if (err != OK)
		return err;
	set_common(*out, e);
	return OK;
}

/* The header that carries the bytes of a linked file is one of its names:
 * archivers put them with the last (or the first). */
static bool
find_linked_data(const struct cpio_entry *like, struct cpio_entry *out)
{
	struct cpio_iter it;
	struct cpio_entry e;

	cpio_init(&it, phys_to_virt(boot_info.initrd.start),
	    boot_info.initrd.size);
	while (cpio_next(&it, &e) == CPIO_OK) {
		if (e.archive == like->archive && e.ino == like->ino &&
		    e.size != 0) {
			*out = e;
			return true;
		}
	}
	return false;
}

static enum err
make_linked(struct super *s, struct cpio_entry *e, struct vnode **out)
{
	struct cpio_entry with_data;
	enum err err;

	if (vnode_find(s, LINKED_INO(e), out) == OK)
		return OK;
	if (e->size == 0 && find_linked_data(e, &with_data))
		*e = with_data;
	err = make_new(s, e, out);
	if (err != OK)
		return err;
	(*out)->ino = LINKED_INO(e);
	vnode_hash(*out);
	return OK;
}

enum err
initfs_make(struct vnode *dir, uintptr_t header, struct vnode **out)
{
	struct cpio_entry e;

	if (!read_header(header, &e))
		return ERR_IO;
	if (e.nlink > 1 && S_IS(e.mode, S_REGULAR))
		return make_linked(dir->super, &e, out);
	return make_new(dir->super, &e, out);
}

unsigned
initfs_type(uintptr_t header, uint64_t *ino)
{
	struct cpio_entry e;

	if (!read_header(header, &e))
		return 0;
	*ino = LINKED_INO(&e);
	return e.mode & S_TYPE_MASK;
}

/* ---- building --------------------------------------------------------- */

/* The directory name below dir, made when it is not there. Not referenced:
 * the tree holds it. */
static enum err
dir_below(struct vnode *dir, const char *name, size_t len, struct vnode **out)
{
	const struct vnode_new what = { .mode = S_DIRECTORY | 0755 };
	struct tent *t = tent_find(dir, name, len);
	struct vnode *v = NULL;
	enum err e;

	if (t != NULL) {
		uintptr_t at = atomic_load(&t->what);

		if ((at & 1) != 0 ||
		    !vnode_is((struct vnode *)at, S_DIRECTORY))
			return ERR_NOTDIR;
		*out = (struct vnode *)at;
		return OK;
	}
	e = tmpfs_ops.create(dir, name, len, &what, &v);
	if (e != OK)
		return e;
	*out = v;
	vnode_unref(v); /* the entry holds it */
	return OK;
}

/* Finds the directory of path; *name becomes the last component. */
static enum err
parent_of(struct build *b, const char *path, const char **name, size_t *len)
{
	const char *slash = strrchr(path, '/');
	size_t dir_len = slash == NULL ? 0 : (size_t)(slash - path);
	struct vnode *dir = b->super->root;
	const char *rest = path, *part;
	enum err e = OK;

	if (b->dir_name != NULL && dir_len == b->dir_len &&
	    memcmp(path, b->dir_name, dir_len) == 0) {
		*name = slash == NULL ? path : slash + 1;
		*len = strlen(*name);
		return OK;
	}
	for (;;) {
		size_t n = path_next(&rest, &part);

		if (path_is_dot(part, n))
			continue;
		if (n == 0 || path_is_end(rest)) {
			*name = part;
			*len = n;
			break;
		}
		if (path_is_dotdot(part, n) || n > 255)
			return ERR_INVAL;
		e = dir_below(dir, part, n, &dir);
		if (e != OK)
			return e;
	}
	b->dir = dir;
	b->dir_name = path;
	b->dir_len = dir_len;
	return OK;
}

static enum err
add_directory(struct build *b, const struct cpio_entry *c, const char *name,
    size_t len)
{
	struct vnode *v;
	enum err e = dir_below(b->dir, name, len, &v);

	if (e != OK)
		return e;
	atomic_store(&v->mode, c->mode);
	atomic_store(&v->uid, c->uid);
	atomic_store(&v->gid, c->gid);
	set_common(v, c);
	return OK;
}

static enum err
add_entry(struct build *b, const struct cpio_entry *c, uintptr_t header)
{
	const char *name = NULL;
	struct tent *t;
	size_t len = 0;
	enum err e = parent_of(b, c->name, &name, &len);

	if (e != OK)
		return e;
	if (len == 0 || path_is_dot(name, len)) { /* "." is the root */
		set_common(b->super->root, c);
		atomic_store(&b->super->root->mode,
		    S_DIRECTORY | (c->mode & 07777u));
		return OK;
	}
	if (path_is_dotdot(name, len) || len > 255)
		return ERR_INVAL;
	if (S_IS(c->mode, S_DIRECTORY))
		return add_directory(b, c, name, len);
	t = tent_find(b->dir, name, len);
	if (t == NULL)
		return tent_add(b->dir, name, len, header | 1, true);
	if ((atomic_load(&t->what) & 1) == 0)
		return ERR_EXISTS; /* a directory stays */
	atomic_store(&t->what, header | 1);
	return OK;
}

static enum err
build_tree(struct build *b)
{
	const uint8_t *base = phys_to_virt(boot_info.initrd.start);
	enum cpio_err ce = CPIO_END;
	struct cpio_iter it;
	struct cpio_entry c;

	if (boot_info.initrd.size == 0)
		return OK;
	cpio_init(&it, base, boot_info.initrd.size);
	for (;;) {
		enum err e;

		ce = cpio_next(&it, &c);
		if (ce != CPIO_OK)
			break;
		if (c.archive >= archives.count && c.archive < ARCHIVES_MAX) {
			archives.start[c.archive] =
			    (size_t)((const uint8_t *)header_of(&c) - base);
			archives.count = c.archive + 1;
		}
		e = add_entry(b, &c, header_of(&c));
		if (e == ERR_NOMEM)
			return e;
		if (e == OK)
			b->entries++;
		else
			b->skipped++;
	}
	if (ce != CPIO_END)
		klog(LOG_WARN, "initfs: archive ends early at byte %zu: %s",
		    it.offset, cpio_err_text(ce));
	return OK;
}

static enum err
initfs_mount(struct super *s, const char *source, const char *options)
{
	struct build b = { .super = s };
	ns_t start = time_now();
	enum err e = tmpfs_setup(s, options);

	(void)source;
	if (e != OK)
		return e;
	atomic_store(&s->root->mode, S_DIRECTORY | 0755);
	b.dir = s->root;
	e = build_tree(&b);
	if (e != OK) {
		vnode_unref(s->root);
		tmpfs_unmount(s);
		return e;
	}
	klog(LOG_INFO, "initfs: %lu entries of %lu KiB in %lu us%s",
	    b.entries, (unsigned long)(boot_info.initrd.size / 1024),
	    (unsigned long)((time_now() - start) / NS_PER_US),
	    b.skipped != 0 ? ", some could not be used" : "");
	return OK;
}

static const struct fs_type initfs_type_record = {
	.name = "initfs",
	.nodev = true,
	.mount = initfs_mount,
	.stat = tmpfs_stat,
	.options = tmpfs_options,
	.unmount = tmpfs_unmount,
};
FS_TYPE(initfs_type_record);
