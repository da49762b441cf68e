/* SPDX-License-Identifier: MIT */
/*
 * Addresses for BARs and for the windows of bridges.
 *
 * From the root down: on each bus the BARs and the windows of the bridges on
 * it are claims, placed together in the bus's own window; before that, from
 * the leaves up, each bridge's need is the sum of what is behind it. What the
 * firmware has assigned stays, if the host says that it did so (h->kept) and
 * the place can be.
 *
 * Kinds: ports; memory below 4 GiB; memory that bridges may read ahead of,
 * which is where 64-bit BARs of that sort go. A host without the third kind
 * takes the second.
 *
 * Source: PCI-to-PCI Bridge 1.2, 3.2.5.
 */
#include "pci_impl.h"

#include <kernel/log.h>

#include "pci_place.h"

#define BRIDGE_STEP(kind) ((kind) == PCI_IO ? UINT64_C(4096) : MIB(1))
#define CLAIMS_MAX 256u

/* Of one bus and kind; start-up is single-threaded. */
static struct pci_claim claims[CLAIMS_MAX];

#define BAR_WINDOW 6u /* struct pci_claim.which: the bridge's window */

enum pci_kind
pci_bar_kind(const struct pci_func *f, unsigned n)
{
	if (f->bar[n].io)
		return PCI_IO;
	return f->bar[n].wide && f->bar[n].prefetch &&
	    f->host->window[PCI_PREF].size != 0 ? PCI_PREF : PCI_MEM;
}

static void
say(const struct pci_func *f, const char *what, unsigned n)
{
	klog(LOG_WARN, "pci %04x:%02x:%02x.%u: %s %u", f->host->segment,
	    f->bus, f->devfn >> 3, f->devfn & 7, what, n);
}

/* Is [at, at + size) somewhere the CPU reaches as that kind? Windows of hosts
 * whose firmware assigned are guessed; only RAM is certainly none. */
static bool
reachable(const struct pci_host *h, enum pci_kind kind, uint64_t at,
    uint64_t size)
{
	const struct pci_window *w = &h->window[kind];

	if (at == 0 || at > UINT64_MAX - size)
		return false;
	if (at >= w->bus && pci_range_ok(at - w->bus, size, w->size))
		return true;
	if (!h->kept || w->bus != w->cpu)
		return false;
	for (unsigned i = 0; kind != PCI_IO && i < boot_info.ram_count; i++) {
		const struct boot_range *r = &boot_info.ram[i];

		if (at < r->start + r->size && r->start < at + size)
			return false;
	}
	return true;
}

static void
add_claim(unsigned *count, struct pci_claim c)
{
	if (c.size == 0)
		return;
	if (*count == CLAIMS_MAX) {
		say(c.who, "too much on one bus, left out: BAR", c.which);
		return;
	}
	for (unsigned i = 0; i < *count && c.fixed; i++)
		if (claims[i].fixed && c.at < claims[i].at + claims[i].size &&
		    claims[i].at < c.at + c.size) {
			say(c.who, "moved away from another: BAR", c.which);
			c.fixed = false;
		}
	claims[(*count)++] = c;
}

/* What the functions directly behind bridge (NULL: on the root bus) claim. */
static unsigned
collect(struct pci_host *h, const struct pci_func *bridge, enum pci_kind kind)
{
	unsigned count = 0;

	for (struct pci_func *f = pci_next(NULL); f; f = pci_next(f)) {
		if (f->host != h || f->bridge != bridge)
			continue;
		for (unsigned n = 0; n < 6; n++)
			if (f->bar[n].size != 0 && pci_bar_kind(f, n) == kind)
				add_claim(&count, (struct pci_claim){
					.at = f->bar[n].at,
					.size = f->bar[n].size,
					.align = f->bar[n].size,
					.fixed = f->bar[n].at != 0,
					.who = f, .which = n });
		if (f->secondary != 0)
			add_claim(&count, (struct pci_claim){
				.at = f->behind[kind].at,
				.size = f->behind[kind].size,
				.align = f->behind[kind].align,
				.fixed = f->behind[kind].at != 0,
				.who = f, .which = BAR_WINDOW });
	}
	return count;
}

/* ---- what the firmware left ---------------------------------------------- */

/* The window that a bridge's registers say; size 0: closed. */
static void
read_window(struct pci_func *f, enum pci_kind kind)
{
	static const unsigned reg[] = {
		PCI_BRIDGE_IO, PCI_BRIDGE_MEM, PCI_BRIDGE_PREF };
	uint32_t v = pci_read32(f, reg[kind]);
	uint64_t base = (v & 0xfff0) << 16, limit = (v & 0xfff00000) | 0xfffff;

	if (kind == PCI_IO) {
		base = (v & 0xf0) << 8;
		limit = (v >> 8 & 0xf0) << 8 | 0xfff;
	} else if (kind == PCI_PREF && (v & 15) == 1) {
		base |= (uint64_t)pci_read32(f, PCI_PREF_BASE_HIGH) << 32;
		limit |= (uint64_t)pci_read32(f, PCI_PREF_LIMIT_HIGH) << 32;
	}
	if (base != 0 && base < limit) {
		f->behind[kind].at = base;
		f->behind[kind].size = limit - base + 1;
	}
}

/* Forgets addresses that cannot be, and all of them where the firmware does
 * not assign any. */
static void
check_kept(struct pci_host *h, struct pci_func *f)
{
	for (unsigned n = 0; n < 6; n++) {
		enum pci_kind kind = pci_bar_kind(f, n);

		if (f->bar[n].size == 0 || (h->kept && reachable(h, kind,
		    f->bar[n].at, f->bar[n].size) &&
		    IS_ALIGNED(f->bar[n].at, f->bar[n].size)))
			continue;
		if (h->kept && f->bar[n].at != 0)
			say(f, "lies where nothing can be: BAR", n);
		f->bar[n].at = 0;
	}
	for (unsigned k = 0; k < PCI_KINDS; k++) {
		f->behind[k].align = BRIDGE_STEP(k);
		if (f->secondary != 0 && h->kept)
			read_window(f, k);
	}
}

/* ---- assigning ----------------------------------------------------------- */

static void
measure(struct pci_host *h, struct pci_func *f, enum pci_kind kind)
{
	uint64_t align = BRIDGE_STEP(kind), need;

	if (f->secondary == 0 || f->behind[kind].size != 0)
		return;
	need = pci_place_need(claims, collect(h, f, kind), &align);
	if (need > UINT64_MAX - align)
		return;
	f->behind[kind].align = align;
	f->behind[kind].size = ALIGN_UP(need, BRIDGE_STEP(kind));
}

static void
write_window(struct pci_func *f, enum pci_kind kind)
{
	uint64_t at = f->behind[kind].at, size = f->behind[kind].size;
	uint64_t end = at + size - 1;

	if (size == 0 || at == 0) { /* closed: the base is above the limit */
		at = kind == PCI_IO ? 0xf000 : 0xfff00000;
		end = 0;
	}
	if (kind == PCI_IO) {
		pci_write16(f, PCI_BRIDGE_IO,
		    (uint16_t)((at >> 8 & 0xf0) | (end & 0xf000)));
		pci_write32(f, PCI_IO_HIGH, (uint32_t)((at >> 16) |
		    (end >> 16) << 16));
		return;
	}
	pci_write32(f, kind == PCI_MEM ? PCI_BRIDGE_MEM : PCI_BRIDGE_PREF,
	    (uint32_t)((at >> 16 & 0xfff0) | (end & 0xfff00000)));
	if (kind != PCI_PREF)
		return;
	pci_write32(f, PCI_PREF_BASE_HIGH, (uint32_t)(at >> 32));
	pci_write32(f, PCI_PREF_LIMIT_HIGH, (uint32_t)(end >> 32));
	if (at >> 32 != 0 && (pci_read16(f, PCI_BRIDGE_PREF) & 15) != 1)
		say(f, "a bridge that cannot reach its window", kind);
}

static void
take_place(const struct pci_claim *c, enum pci_kind kind)
{
	struct pci_func *f = c->who;

	if (!c->placed)
		say(f, c->which == BAR_WINDOW ? "no room behind bridge, kind" :
		    "no room for BAR", c->which == BAR_WINDOW ? kind :
		    c->which);
	if (c->which == BAR_WINDOW) {
		f->behind[kind].at = c->placed ? c->at : 0;
		if (!c->fixed)
			write_window(f, kind);
		return;
	}
	f->bar[c->which].at = c->placed ? c->at : 0;
	if (!c->placed || c->fixed)
		return;
	pci_write32(f, PCI_BAR(c->which), (uint32_t)c->at);
	if (f->bar[c->which].wide)
		pci_write32(f, PCI_BAR(c->which + 1), (uint32_t)(c->at >> 32));
}

/* The bus behind bridge, NULL: the root's. */
static void
assign_bus(struct pci_host *h, struct pci_func *bridge, enum pci_kind kind)
{
	unsigned count = collect(h, bridge, kind);
	uint64_t low = h->window[kind].bus, size = h->window[kind].size;

	if (bridge != NULL) {
		low = bridge->behind[kind].at;
		size = low != 0 ? bridge->behind[kind].size : 0;
	}
	/* Address 0 means that there is none. */
	if (low == 0 && size > 4096) {
		low = 4096;
		size -= 4096;
	}
	/* take_place says which did not fit. */
	if (pci_place(claims, count, low, low + size) != OK)
		klog(LOG_DEBUG, "%s: window %u is full", h->name, kind);
	for (unsigned i = 0; i < count; i++)
		take_place(&claims[i], kind);
}

static void
open_bridge(struct pci_func *f)
{
	pci_write16(f, PCI_COMMAND, (uint16_t)(pci_read16(f, PCI_COMMAND) |
	    COMMAND_IO | COMMAND_MEM | COMMAND_MASTER));
}

/* The last one found of h before f (NULL: of all): bridges come before what
 * is behind them. */
static struct pci_func *
previous(struct pci_host *h, const struct pci_func *f)
{
	struct pci_func *last = NULL;

	for (struct pci_func *p = pci_next(NULL); p != f; p = pci_next(p))
		if (p->host == h)
			last = p;
	return last;
}

void
pci_assign(struct pci_host *h)
{
	struct pci_func *f;

	for (f = pci_next(NULL); f != NULL; f = pci_next(f))
		if (f->host == h)
			check_kept(h, f);
	for (unsigned k = 0; k < PCI_KINDS; k++) {
		for (f = previous(h, NULL); f != NULL; f = previous(h, f))
			measure(h, f, k);
		assign_bus(h, NULL, k);
		for (f = pci_next(NULL); f != NULL; f = pci_next(f))
			if (f->host == h && f->secondary != 0)
				assign_bus(h, f, k);
	}
	for (f = pci_next(NULL); f != NULL; f = pci_next(f))
		if (f->host == h && f->secondary != 0)
			open_bridge(f);
}
