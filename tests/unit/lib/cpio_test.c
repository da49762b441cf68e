// uses: lib/cpio.c lib/string_ext.c
/* SPDX-License-Identifier: MIT */
#include <tests/unit/unit.h>

#include <lib/base.h>
#include <lib/cpio.h>

/* An archive under construction; its memory is exactly as long as it is. */
static char *archive;
static size_t archive_len;

static void
append(const void *bytes, size_t len)
{
	archive = realloc(archive, archive_len + len + 1);
	if (len != 0)
		memcpy(archive + archive_len, bytes, len);
	archive_len += len;
	archive = realloc(archive, archive_len == 0 ? 1 : archive_len);
}

static void
append_zeros(size_t n)
{
	while (n-- != 0)
		append("", 1);
}

static void
start(void)
{
	free(archive);
	archive = NULL;
	archive_len = 0;
}

/* name_pad: NULs behind the name beyond the one that ends it. */
static void
append_entry(const char *name, size_t name_pad, const char *text)
{
	char head[128];
	size_t len = strlen(text);

	snprintf(head, sizeof(head),
	    "070701%08X%08X%08X%08X%08X%08X%08zX%08X%08X%08X%08X%08zX%08X",
	    7, 0100644, 1000, 100, 1, 0x5f000000, len, 8, 1, 4, 64,
	    strlen(name) + 1 + name_pad, 0);
	append(head, 110);
	append(name, strlen(name));
	append_zeros(1 + name_pad);
	append_zeros(-archive_len % 4);
	append(text, len);
	append_zeros(-archive_len % 4);
}

static void
iter_start(struct cpio_iter *it)
{
	cpio_init(it, archive, archive_len);
}

/* All entries as "name=text " and the error that ended the walk. */
static enum cpio_err
list_entries(char *out)
{
	struct cpio_entry entry;
	struct cpio_iter it;
	enum cpio_err e;

	out[0] = '\0';
	iter_start(&it);
	while ((e = cpio_next(&it, &entry)) == CPIO_OK)
		out += sprintf(out, "%s=%.*s ", entry.name, (int)entry.size,
		    (const char *)entry.data);
	return e;
}

static char listed[1000];

TEST(an_entry_carries_its_header)
{
	struct cpio_entry e;
	struct cpio_iter it;

	start();
	append_entry("etc/motd", 0, "hello");
	iter_start(&it);
	EXPECT_EQ(cpio_next(&it, &e), CPIO_OK);
	EXPECT_STR(e.name, "etc/motd");
	EXPECT_EQ(e.name_len, 8);
	EXPECT_EQ(e.ino, 7);
	EXPECT_EQ(e.mode, 0100644);
	EXPECT_EQ(e.uid, 1000);
	EXPECT_EQ(e.gid, 100);
	EXPECT_EQ(e.nlink, 1);
	EXPECT_EQ(e.mtime, 0x5f000000);
	EXPECT(e.dev_major == 8 && e.dev_minor == 1);
	EXPECT(e.rdev_major == 4 && e.rdev_minor == 64);
	EXPECT_EQ(e.archive, 0);
	EXPECT_EQ(e.size, 5);
	EXPECT_MEM(e.data, "hello", 5);
	EXPECT_EQ(cpio_next(&it, &e), CPIO_END);
	EXPECT_EQ(cpio_next(&it, &e), CPIO_END);
}

TEST(names_and_bytes_of_every_length_are_found)
{
	for (size_t name = 1; name < 9; name++) {
		for (size_t text = 0; text < 9; text++) {
			char want[64];

			start();
			append_entry(&"namename"[8 - name], 0,
			    &"texttext"[8 - text]);
			append_entry("b", 0, "c");
			append_entry("TRAILER!!!", 0, "");
			sprintf(want, "%s=%s b=c ", &"namename"[8 - name],
			    &"texttext"[8 - text]);
			EXPECT_EQ(list_entries(listed), CPIO_END);
			EXPECT_STR(listed, want);
		}
	}
}

TEST(archives_may_follow_each_other_with_zeros_between)
{
	struct cpio_entry e;
	struct cpio_iter it;

	start();
	append_entry("a", 0, "1");
	append_entry("TRAILER!!!", 0, "");
	append_zeros(512 - archive_len % 512);
	append_entry("b", 0, "2");
	append_entry("TRAILER!!!", 0, "");
	append_entry("c", 0, "3");
	append_zeros(100);
	EXPECT_EQ(list_entries(listed), CPIO_END);
	EXPECT_STR(listed, "a=1 b=2 c=3 ");
	iter_start(&it);
	for (uint32_t n = 0; n < 3; n++) {
		EXPECT_EQ(cpio_next(&it, &e), CPIO_OK);
		EXPECT_EQ(e.archive, n);
	}
}

TEST(a_padded_name_can_align_the_bytes_to_a_page)
{
	struct cpio_entry e;
	struct cpio_iter it;

	start();
	append_entry("big", 4096 - 110 - 4, "page aligned");
	append_entry("next", 0, "n");
	iter_start(&it);
	EXPECT_EQ(cpio_next(&it, &e), CPIO_OK);
	EXPECT_STR(e.name, "big");
	EXPECT_EQ(e.name_len, 3);
	EXPECT_EQ(e.data - (const uint8_t *)archive, 4096);
	EXPECT_EQ(list_entries(listed), CPIO_END);
	EXPECT_STR(listed, "big=page aligned next=n ");
}

TEST(an_empty_image_has_no_entries)
{
	start();
	append_zeros(0);
	EXPECT_EQ(list_entries(listed), CPIO_END);
	append_zeros(1000);
	EXPECT_EQ(list_entries(listed), CPIO_END);
}

TEST(an_archive_cut_anywhere_is_noticed_unless_padding_was_cut)
{
	size_t whole, first;

	start();
	append_entry("first", 0, "1234");
	first = archive_len;
	append_entry("second", 3, "12345");
	whole = archive_len;
	for (size_t n = whole - 1; n > first; n--) {
		archive = realloc(archive, n); /* so that ASan sees the end */
		archive_len = n;
		EXPECT_EQ(list_entries(listed),
		    n >= whole - 3 ? CPIO_END : CPIO_SHORT);
	}
	archive_len = first;
	EXPECT_EQ(list_entries(listed), CPIO_END);
	EXPECT_STR(listed, "first=1234 ");
}

TEST(the_checksummed_form_is_read_as_well)
{
	start();
	append_entry("a", 0, "1");
	archive[5] = '2';
	EXPECT_EQ(list_entries(listed), CPIO_END);
	EXPECT_STR(listed, "a=1 ");
}

static enum cpio_err
with_byte(size_t at, char byte)
{
	start();
	append_entry("ab", 0, "1");
	archive[at] = byte;
	return list_entries(listed);
}

TEST(wrong_headers_are_refused_each_in_its_way)
{
	EXPECT_EQ(with_byte(0, 'x'), CPIO_MAGIC);
	EXPECT_EQ(with_byte(5, '7'), CPIO_MAGIC); /* the old portable form */
	EXPECT_EQ(with_byte(6, 'g'), CPIO_NUMBER);
	EXPECT_EQ(with_byte(109, ' '), CPIO_NUMBER);
	EXPECT_EQ(with_byte(109, 'f'), CPIO_END); /* the check is not ours */
	EXPECT_EQ(with_byte(54, 'F'), CPIO_SHORT); /* file size 0xf0000001 */
	EXPECT_EQ(with_byte(94, 'F'), CPIO_SHORT); /* name size */
	EXPECT_EQ(with_byte(101, '0'), CPIO_NAME); /* name size 0 */
	EXPECT_EQ(with_byte(101, '2'), CPIO_NAME); /* no NUL */
	EXPECT_EQ(with_byte(110, '\0'), CPIO_NAME); /* empty */
}

TEST(garbage_behind_an_archive_is_reported_where_it_is)
{
	struct cpio_entry e;
	struct cpio_iter it;
	size_t at;

	start();
	append_entry("a", 0, "1");
	append_zeros(4);
	at = archive_len;
	append("junk", 4);
	iter_start(&it);
	EXPECT_EQ(cpio_next(&it, &e), CPIO_OK);
	EXPECT_EQ(cpio_next(&it, &e), CPIO_MAGIC);
	EXPECT_EQ(it.offset, at);
	EXPECT_STR(e.name, "a"); /* the result stays on failure */
}

TEST(every_error_has_a_text)
{
	for (int e = 0; e < CPIO_ERR_COUNT; e++)
		EXPECT(strlen(cpio_err_text((enum cpio_err)e)) > 5);
	EXPECT_STR(cpio_err_text(CPIO_ERR_COUNT), "unknown cpio error");
	start();
}
