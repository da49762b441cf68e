/*
 * The executor's parts; internal to abi/exec.
 */
#pragma once

#include <kernel/abi.h>
#include <kernel/vfs.h>

/* strings.c */
enum err strings_from_user(
    struct image *img, uintptr_t argv, uintptr_t envp);
enum err strings_from_kernel(
    struct image *img, const char *const *argv, const char *const *envp);
/* Replaces argument 0 by count others. */
enum err strings_prepend(
    struct image *img, const char *const *args, unsigned count);
/* Takes prefix off from PATH's value and puts prefix on in front; NULL:
 * none. */
enum err strings_path_prefix(
    struct image *img, const char *off, const char *on);
void strings_free(struct image *img);

/* load.c: reads and checks headers; maps the segments of program and
 * interpreter into img->space. */
enum err load_read_head(struct image *img);
enum err load_parse(struct image *img);
enum err load_map(struct image *img);

/* choose.c: follows #! and delegated runtimes, then picks the ABI. */
enum err choose_program(struct image *img, const struct exec_request *req);

/* zone.c: sets img->zone and img->view. */
enum err zone_enter(struct image *img);
/* Makes PATH fit the image's view. */
enum err zone_translate(struct image *img);
/* Gives the task the image's view; cannot fail. */
void zone_switch(struct task *t, struct image *img);

/* runtime.c: a user-space runtime for the image's head or name; true: *path
 * is its interpreter. */
#define RUNTIME_PATH_MAX 128
bool runtime_find(const struct image *img, char *path);

/* Opens path to execute it, seen from the image's view. */
enum err exec_open(struct image *img, const char *path, struct file **out);
