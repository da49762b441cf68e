/* yes [text]: repeats it until nobody reads. */
#include "tool.h"

int
main(int argc, char **argv)
{
	const char *text = argc > 1 ? argv[1] : "y";
	size_t n = strlen(text) + 1, len = 0, cap = n > 8192 ? n : 8192;
	char *block = malloc(cap);

	tool_start(argv);
	if (block == NULL)
		return 1;
	while (len + n <= cap) {
		memcpy(block + len, text, n - 1);
		block[len + n - 1] = '\n';
		len += n;
	}
	while (write_all(1, block, len))
		continue;
	return 1;
}
