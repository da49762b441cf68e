/* What the tests of the file systems share. */
#pragma once

#include <kernel/ktest.h>
#include <kernel/task.h>
#include <kernel/user.h>
#include <kernel/vfs.h>

#include <lib/string.h>

/* Gives the kernel's task a root of its own: a tmpfs, made once; each test
 * works in a fresh directory "t" that test_end empties. */
void test_begin(void);
void test_end(void);

#define NAME_BYTES 256

/* Shorthands that expect success. */
void must_write(const char *path, const char *text);
bool file_is(const char *path, const char *text);
enum err make_dir(const char *path);
enum err make_file(const char *path);
enum err open_as(const char *path, unsigned flags, unsigned how);
enum err stat_of(const char *path, unsigned walk, struct file_stat *st);
enum err walk_of(const char *path, unsigned walk);
enum err remove_tree(const char *path);
/* Entries of a directory without dots; their names' bytes go to *sum. */
unsigned count_entries(const char *path, unsigned long *sum);
