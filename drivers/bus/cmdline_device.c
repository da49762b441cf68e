/*
 * Devices that the command line names, where no table does:
 * virtio_mmio.device=SIZE@ADDRESS:IRQ[:ID], as often as there are some.
 */
#include <kernel/boot.h>
#include <kernel/log.h>

#include <lib/fmt.h>
#include <lib/num.h>
#include <lib/string.h>

#include "firmware_device.h"

#define OPTION "virtio_mmio.device"

struct place {
	uint64_t size, base, irq;
};

/* False: the text is not of that form. */
static bool
parse(const char *text, struct place *out)
{
	const char *at = strchr(text, '@');
	const char *colon = at != NULL ? strchr(at, ':') : NULL;
	const char *end = colon != NULL ? strchr(colon + 1, ':') : NULL;

	if (colon == NULL)
		return false;
	if (end == NULL)
		end = text + strlen(text);
	return num_parse_size(text, (size_t)(at - text), &out->size) &&
	    num_parse_u64(at + 1, (size_t)(colon - at - 1), 0, &out->base) &&
	    num_parse_u64(colon + 1, (size_t)(end - colon - 1), 0,
	    &out->irq) && out->size != 0 && out->irq < IRQ_MAX &&
	    out->base + out->size > out->base;
}

void
cmdline_devices_create(void)
{
	char text[64], name[32];

	for (unsigned n = 0; cmdline_nth(OPTION, n, text, sizeof(text)); n++) {
		struct place p;
		struct device *d;

		if (!parse(text, &p)) {
			klog(LOG_WARN, OPTION "=%s: want SIZE@ADDRESS:IRQ",
			    text);
			continue;
		}
		snprintf(name, sizeof(name), "virtio_mmio@%llx",
		    (unsigned long long)p.base);
		d = device_create(NULL, "cmdline", name);
		if (d == NULL) {
			klog(LOG_WARN, "%s: out of memory", name);
			return;
		}
		d->compatible[0] = "virtio,mmio";
		d->mmio[0].base = p.base;
		d->mmio[0].size = p.size;
		d->mmio_count = 1;
		d->irqs[0] = (unsigned)p.irq;
		d->irq_count = 1;
	}
}
