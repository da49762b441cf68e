// uses: lib/cpio.c lib/string_ext.c
/* SPDX-License-Identifier: MIT */
/*
 * The cpio reader on arbitrary images: every entry lies inside, the walk
 * ends, and an error is lasting.
 */
#include <lib/cpio.h>
#include <stdlib.h>
#include <string.h>

#define REQUIRE(condition) \
	do { \
		if (!(condition)) \
			abort(); \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *image, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *image, size_t len)
{
	const uint8_t *end = image + len;
	struct cpio_entry e;
	struct cpio_iter it;
	size_t before = 0;
	enum cpio_err last;

	cpio_init(&it, image, len);
	while ((last = cpio_next(&it, &e)) == CPIO_OK) {
		const uint8_t *name = (const uint8_t *)e.name;

		REQUIRE(it.offset >= before + 110 && it.offset <= len);
		REQUIRE(name >= image + 110 && name < end);
		REQUIRE(e.name_len != 0 && strlen(e.name) == e.name_len);
		REQUIRE(e.data > name && e.data <= end);
		REQUIRE(e.size <= (size_t)(end - e.data));
		before = it.offset;
	}
	REQUIRE((last == CPIO_END) == (it.offset == len));
	REQUIRE(cpio_next(&it, &e) == last);
	return 0;
}
