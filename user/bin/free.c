/* free [-bkm]: memory, from /proc/meminfo. */
#include "tool.h"

static unsigned long long
field(const char *text, const char *name)
{
	const char *at = strstr(text, name);

	return at == NULL ? 0 : strtoull(at + strlen(name), NULL, 10);
}

int
main(int argc, char **argv)
{
	unsigned long long total, avail, free_now, cached, scale = 1, unit = 1;
	static char text[4096];
	FILE *f = fopen("/proc/meminfo", "r");
	int c;

	tool_start(argv);
	while ((c = getopt(argc, argv, "bkm")) != -1) {
		if (c == '?')
			return usage("[-bkm]");
		scale = c == 'b' ? 1024 : 1;
		unit = c == 'm' ? 1024 : 1;
	}
	if (f == NULL || fread(text, 1, sizeof(text) - 1, f) == 0) {
		complain_file("/proc/meminfo");
		return 1;
	}
	fclose(f);
	total = field(text, "MemTotal:");
	free_now = field(text, "MemFree:");
	avail = field(text, "MemAvailable:");
	cached = field(text, "\nCached:") + field(text, "Buffers:");
	printf("%15s %11s %11s %11s %11s\n", "total", "used", "free",
	    "cached", "available");
	printf("Mem: %10llu %11llu %11llu %11llu %11llu\n",
	    total * scale / unit, (total - free_now - cached) * scale / unit,
	    free_now * scale / unit, cached * scale / unit,
	    avail * scale / unit);
	return finish();
}
