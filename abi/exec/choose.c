/*
 * Which program really runs, and under which ABI.
 *
 * First "#!" lines and delegated runtimes are followed: the script becomes an
 * argument of its interpreter, at most DEPTH_MAX times. The ABI is then what
 * the caller asked for; else the zone's the file is in, when that module can
 * run it at all; else the module that recognizes its own marks best, the
 * caller's first among equals.
 */
#include <kernel/log.h>

#include <lib/string.h>

#include "exec.h"

#define DEPTH_MAX 5
#define LINE_MAX  256u

extern const struct abi *const carmine_abi_start[];
extern const struct abi *const carmine_abi_end[];

const struct abi *
abi_by_index(unsigned index)
{
	const struct abi *const *p = carmine_abi_start;

	for (; p < carmine_abi_end; p++)
		if ((*p)->index == index)
			return *p;
	return NULL;
}

const struct abi *
abi_by_name(const char *name)
{
	const struct abi *const *p = carmine_abi_start;

	for (; p < carmine_abi_end; p++)
		if (strcmp((*p)->name, name) == 0)
			return *p;
	return NULL;
}

static bool
allowed(const struct abi *a)
{
	return (task_current()->container->allowed_abis >> a->index) & 1;
}

static enum err
choose_abi(struct image *img, const struct exec_request *req)
{
	const struct abi *mine = task_current()->abi;
	const struct abi *const *p = carmine_abi_start;
	unsigned best = 0;

	if (req->abi != NULL) {
		img->abi = req->abi;
	} else if (img->zone != NULL && img->zone->abi->claims(img) > 0) {
		img->abi = img->zone->abi;
	} else {
		for (; p < carmine_abi_end; p++) {
			unsigned score = (*p)->claims(img);

			if (score > best ||
			    (score == best && score > 0 && *p == mine)) {
				best = score;
				img->abi = *p;
			}
		}
	}
	if (img->abi == NULL)
		return ERR_NOEXEC;
	return allowed(img->abi) ? OK : ERR_PERM;
}

/* Splits "#! interpreter [argument]" in place; false: no usable line. */
static bool
split_line(char *line, char **interp, char **arg)
{
	char *p = line + 2, *end = strchr(line, '\n');

	if (end == NULL)
		return false;
	*end = '\0';
	while (end > p && (end[-1] == ' ' || end[-1] == '\t' ||
	    end[-1] == '\r'))
		*--end = '\0';
	while (*p == ' ' || *p == '\t')
		p++;
	*interp = p;
	*arg = NULL;
	while (*p != ' ' && *p != '\t' && *p != '\0')
		p++;
	if (*p != '\0') {
		*p++ = '\0';
		while (*p == ' ' || *p == '\t')
			p++;
		*arg = p;
	}
	return **interp != '\0';
}

/* Goes on with program path, the present one as its last argument before the
 * caller's. */
static enum err
delegate(struct image *img, const char *path, const char *arg)
{
	const char *args[3];
	unsigned n = 0;
	struct file *f = NULL;
	enum err e;

	args[n++] = path;
	if (arg != NULL)
		args[n++] = arg;
	args[n++] = img->via[0] != '\0' ? img->via : img->path;
	e = strings_prepend(img, args, n);
	if (e != OK)
		return e;
	strlcpy(img->via, path, sizeof(img->via));
	e = exec_open(img, path, &f);
	if (e != OK)
		return e;
	file_unref(img->file);
	img->file = f;
	return OK;
}

static enum err
follow_script(struct image *img)
{
	char line[LINE_MAX];
	char *interp, *arg;
	size_t n = MIN(img->head_len, sizeof(line) - 1);

	memcpy(line, img->head, n);
	line[n] = '\0';
	if (n < LINE_MAX - 1 && strchr(line, '\n') == NULL && n + 1 < LINE_MAX)
		strlcpy(line + n, "\n", 2);
	if (!split_line(line, &interp, &arg))
		return ERR_NOEXEC;
	return delegate(img, interp, arg);
}

enum err
choose_program(struct image *img, const struct exec_request *req)
{
	char runtime[RUNTIME_PATH_MAX];
	enum err e;

	for (unsigned depth = 0;; depth++) {
		if (depth > DEPTH_MAX)
			return ERR_LOOP;
		e = zone_enter(img);
		if (e != OK)
			return e;
		e = load_read_head(img);
		if (e != OK)
			return e;
		if (img->head_len >= 2 && img->head[0] == '#' &&
		    img->head[1] == '!')
			e = follow_script(img);
		else if (runtime_find(img, runtime))
			e = delegate(img, runtime, NULL);
		else
			break;
		if (e != OK)
			return e;
	}
	e = load_parse(img);
	if (e != OK)
		return e;
	return choose_abi(img, req);
}
