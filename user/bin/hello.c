/* hello: says so. */
#include <unistd.h>

int
main(void)
{
	static const char text[] = "Hello from Carmine\n";
	ssize_t n = sizeof(text) - 1;

	return write(1, text, (size_t)n) == n ? 0 : 1;
}
