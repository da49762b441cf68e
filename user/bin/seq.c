/* seq [first [step]] last */
#include "tool.h"

int
main(int argc, char **argv)
{
	long first = 1, step = 1, last;

	tool_start(argv);
	if (argc < 2 || argc > 4)
		return usage("[first [step]] last");
	last = number_arg(argv[argc - 1]);
	if (argc > 2)
		first = number_arg(argv[1]);
	if (argc > 3)
		step = number_arg(argv[2]);
	if (step == 0) {
		complain("the step is 0");
		return 2;
	}
	for (long i = first; step > 0 ? i <= last : i >= last; i += step)
		printf("%ld\n", i);
	return finish();
}
