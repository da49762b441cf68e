// kernel
// uses: tests/host/play.c tests/fuzz/kernel_driver.c
/*
 * Lines of the runtime registry, and whole command lines.
 */
#include <tests/host/play.h>

#include <string.h>

#include <kernel/boot.h>
#include <kernel/container.h>

const uint8_t *fuzz_next(size_t *len);
void fuzz_boot(void);

/* Forgets what the line made, so that the table does not fill up. */
static void
forget(const char *line, size_t len)
{
	char out[64] = "-";
	const char *end;
	size_t n;

	if (len < 2)
		return;
	end = memchr(line + 1, line[0], len - 1);
	n = end != NULL ? (size_t)(end - line - 1) : 0;
	if (n == 0 || n > 40)
		return;
	memcpy(out + 1, line + 1, n);
	err_ignore(runtime_register(container_root, out, n + 1));
}

static void
command_line(const char *text, size_t len)
{
	char value[16], saved[sizeof(boot_info.cmdline)];

	memcpy(saved, boot_info.cmdline, sizeof(saved));
	len = MIN(len, sizeof(boot_info.cmdline) - 1);
	memcpy(boot_info.cmdline, text, len);
	boot_info.cmdline[len] = '\0';
	if (cmdline_value("init", value, sizeof(value)) &&
	    (!cmdline_has("init") || strlen(value) >= sizeof(value)))
		__builtin_trap();
	(void)cmdline_has("quiet");
	memcpy(boot_info.cmdline, saved, sizeof(saved));
}

static void
fuzz_init(void)
{
	for (;;) {
		size_t len;
		const char *line = (const char *)fuzz_next(&len);

		if (runtime_register(container_root, line, len) == OK)
			forget(line, len);
		command_line(line, len);
	}
}

void
fuzz_boot(void)
{
	play_boot("quiet", 1, NULL, fuzz_init);
}
