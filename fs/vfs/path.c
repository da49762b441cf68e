/*
 * From a path back to its text, for getcwd, /proc and messages.
 */
#include "internal.h"

struct text {
	char *buf, *start; /* filled from the end */
};

static bool
text_prepend(struct text *t, const char *s, size_t len)
{
	if ((size_t)(t->start - t->buf) < len)
		return false;
	t->start -= len;
	memcpy(t->start, s, len);
	return true;
}

static bool
text_name(struct text *t, struct dentry *d)
{
	bool good;

	spin_lock(&d->lock);
	good = text_prepend(t, d->name, d->name_len) && text_prepend(t, "/", 1);
	spin_unlock(&d->lock);
	return good;
}

/* One attempt; the tree may change meanwhile. *reached: root was met. */
static bool
text_climb(struct text *t, const struct path *p, const struct path *root,
    bool *reached)
{
	struct mount *m = p->mount;
	struct dentry *d = p->dentry;

	*reached = false;
	for (;;) {
		if (m == root->mount && d == root->dentry) {
			*reached = true;
			return true;
		}
		if (d == m->root) {
			struct dentry *point = rcu_load(&m->point);

			m = rcu_load(&m->parent);
			if (m == NULL || point == NULL)
				return true;
			d = point;
			continue;
		}
		if (d->parent == d)
			return true;
		if (!text_name(t, d))
			return false;
		d = rcu_load(&d->parent);
	}
}

enum err
vfs_path_text(const struct path *p, const struct path *root, char *buf,
    size_t len, char **start)
{
	struct fs_state *fs = fs_current();
	struct path own = { NULL, NULL };
	struct text t;
	bool good, reached = false;
	unsigned seq;

	if (len < 2)
		return ERR_RANGE;
	if (root == NULL) {
		spin_lock(&fs->lock);
		own = fs->root;
		path_ref(&own);
		spin_unlock(&fs->lock);
		root = &own;
	}
	do {
		t = (struct text){ buf, buf + len - 1 };
		*t.start = '\0';
		good = !dentry_is_dead(p->dentry) ||
		    p->dentry->parent == p->dentry ||
		    text_prepend(&t, " (deleted)", 10);
		rcu_read_lock();
		seq = seq_read_begin(&mount_seq);
		good = good && text_climb(&t, p, root, &reached);
		rcu_read_unlock();
	} while (seq_read_retry(&mount_seq, seq));
	if (good && *t.start != '/')
		good = text_prepend(&t, "/", 1);
	if (good && !reached)
		good = text_prepend(&t, PATH_UNREACHABLE,
		    sizeof(PATH_UNREACHABLE) - 1);
	path_unref(&own);
	if (!good)
		return ERR_RANGE;
	*start = t.start;
	return OK;
}
