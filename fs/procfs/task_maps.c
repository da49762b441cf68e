/* /proc/PID/maps and smaps. */
#include "proc.h"

#include <kernel/mm.h>

#define NAME_COLUMN 73u

static void
put_region(struct seq *q, const struct space *s, const struct region *r)
{
	size_t line = q->len;
	struct file_stat st = { .ino = 0 };
	const char *name = r->name;

	if (r->file != NULL && r->file->vnode != NULL)
		vnode_stat(r->file->vnode, &st);
	seq_printf(q, "%08lx-%08lx %c%c%c%c %08lx %02x:%02x %llu ",
	    (unsigned long)r->start, (unsigned long)r->end,
	    (r->prot & PROT_READ) ? 'r' : '-',
	    (r->prot & PROT_WRITE) ? 'w' : '-',
	    (r->prot & PROT_EXEC) ? 'x' : '-',
	    (r->flags & REGION_SHARED) ? 's' : 'p',
	    (unsigned long)r->offset, 0u, (unsigned)st.dev,
	    (unsigned long long)st.ino);
	if (name == NULL && r->obj == NULL && s->brk_start != 0 &&
	    r->start < s->brk && r->end > s->brk_start)
		name = "[heap]";
	if (name == NULL && (r->flags & REGION_GROWSDOWN) != 0)
		name = "[stack]";
	if (r->file != NULL && r->file->path.dentry != NULL) {
		seq_pad(q, line, NAME_COLUMN);
		seq_path(q, &r->file->path);
	} else if (name != NULL) {
		seq_pad(q, line, NAME_COLUMN);
		seq_puts(q, name);
	}
	seq_puts(q, "\n");
}

struct residency {
	unsigned long total, private_pages;
};

static void
count_page(_Atomic(pte_t) *slot, vaddr_t va, bool large, void *arg)
{
	struct residency *n = arg;
	struct page *p = page_of(pte_addr(atomic_load(slot)));
	unsigned long pages = large ? PT_ENTRIES : 1;

	(void)va;
	n->total += pages;
	if (p != NULL && atomic_load(&p->refs.count) == 1)
		n->private_pages += pages;
}

static void
put_sizes(struct seq *q, struct space *s, const struct region *r)
{
	struct residency n = { 0, 0 };
	unsigned long kib = PAGE_SIZE / 1024, shared;

	pt_walk(&s->arch, r->start, r->end, count_page, &n);
	shared = n.total - n.private_pages;
	seq_printf(q, "Size:           %8lu kB\nKernelPageSize: %8lu kB\n"
	    "MMUPageSize:    %8lu kB\nRss:            %8lu kB\n"
	    "Pss:            %8lu kB\n",
	    (unsigned long)(r->end - r->start) / 1024, kib, kib,
	    n.total * kib, n.total * kib);
	seq_printf(q, "Shared_Clean:   %8lu kB\nShared_Dirty:   %8u kB\n"
	    "Private_Clean:  %8u kB\nPrivate_Dirty:  %8lu kB\n"
	    "Referenced:     %8lu kB\nAnonymous:      %8lu kB\n"
	    "Swap:           %8u kB\nLocked:         %8lu kB\n",
	    shared * kib, 0u, 0u, n.private_pages * kib, n.total * kib,
	    r->obj == NULL ? n.total * kib : n.private_pages * kib, 0u,
	    (r->flags & REGION_LOCKED) ? n.total * kib : 0);
	seq_printf(q, "VmFlags:%s%s%s%s%s\n",
	    (r->prot & PROT_READ) ? " rd" : "",
	    (r->prot & PROT_WRITE) ? " wr" : "",
	    (r->prot & PROT_EXEC) ? " ex" : "",
	    (r->flags & REGION_SHARED) ? " sh" : "",
	    (r->flags & REGION_GROWSDOWN) ? " gd" : "");
}

static enum err
show_regions(struct seq *q, const struct proc_ctx *c, bool sizes)
{
	struct space *s;
	struct region *r;

	if (!task_may_inspect(c->task))
		return ERR_ACCESS;
	s = task_space(c->task);
	if (s == NULL)
		return OK;
	rw_read_lock(&s->lock);
	for (r = space_find(s, 0); r != NULL; r = space_next(r)) {
		put_region(q, s, r);
		if (sizes)
			put_sizes(q, s, r);
	}
	rw_read_unlock(&s->lock);
	space_unref(s);
	return OK;
}

enum err
show_task_maps(struct seq *q, const struct proc_ctx *c)
{
	return show_regions(q, c, false);
}

enum err
show_task_smaps(struct seq *q, const struct proc_ctx *c)
{
	return show_regions(q, c, true);
}
