/* The texts of the error list. */
#include <kernel/err.h>

const char *
err_text(enum err e)
{
	static const char *const texts[] = {
		"success",
#define ERR(name, text) text,
#include <kernel/err.def>
#undef ERR
	};

	return (unsigned)e < ARRAY_LEN(texts) ? texts[e] : "unknown error";
}
