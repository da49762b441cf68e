/* dmesg [-w]: the kernel's log from /dev/kmsg; -w waits for more. A record
 * is "level,number,microseconds,flags;text". */
#include "tool.h"

static void
show(char *record)
{
	char *text = strchr(record, ';');
	unsigned long long us = 0;
	unsigned level = 0;

	if (text == NULL || sscanf(record, "%u,%*u,%llu", &level, &us) != 2) {
		fputs(record, stdout);
		return;
	}
	printf("[%5llu.%06llu] %s", us / 1000000, us % 1000000, text + 1);
	if (strchr(text, '\n') == NULL)
		putchar('\n');
}

int
main(int argc, char **argv)
{
	bool wait = argc > 1 && strcmp(argv[1], "-w") == 0;
	static char record[8192];
	ssize_t n;
	int fd;

	tool_start(argv);
	if (argc > 1 + wait)
		return usage("[-w]");
	fd = open("/dev/kmsg", O_RDONLY | (wait ? 0 : O_NONBLOCK));
	if (fd < 0) {
		complain_file("/dev/kmsg");
		return 1;
	}
	while ((n = read(fd, record, sizeof(record) - 1)) != 0) {
		if (n < 0 && (errno == EPIPE || errno == EINTR))
			continue; /* records were overwritten, or a signal */
		if (n < 0)
			break;
		record[n] = '\0';
		show(record);
		if (wait)
			fflush(stdout);
	}
	if (n < 0 && errno != EAGAIN)
		complain_file("/dev/kmsg");
	return finish();
}
