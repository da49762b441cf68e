/* sleep seconds: with a fraction, and an optional s, m, h or d. */
#include "tool.h"

#include <time.h>

int
main(int argc, char **argv)
{
	double total = 0;
	struct timespec t;

	tool_start(argv);
	if (argc < 2)
		return usage("seconds[smhd] ...");
	for (int i = 1; i < argc; i++) {
		char *end;
		double s = strtod(argv[i], &end);

		s *= *end == 'm' ? 60 : *end == 'h' ? 3600 :
		    *end == 'd' ? 86400 : 1;
		if (end == argv[i] || s < 0 || strlen(end) > 1 ||
		    (*end != '\0' && strchr("smhd", *end) == NULL)) {
			complain("%s: bad time", argv[i]);
			return 2;
		}
		total += s;
	}
	t.tv_sec = (time_t)total;
	t.tv_nsec = (long)((total - (double)t.tv_sec) * 1e9);
	while (nanosleep(&t, &t) != 0)
		if (errno != EINTR)
			return 1;
	return 0;
}
