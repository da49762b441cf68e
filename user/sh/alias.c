/*
 * Aliases. One is active, and not expanded again, while the lexer is inside
 * the text it was replaced by: until no more input is left than there was
 * behind it.
 */
#include <stdlib.h>
#include <string.h>

#include "sh.h"

static struct alias *aliases;

struct alias *
alias_first(void)
{
	return aliases;
}

struct alias *
alias_find(const char *name)
{
	struct alias *a = aliases;

	while (a != NULL && strcmp(a->name, name) != 0)
		a = a->next;
	return a;
}

void
alias_set(const char *name, const char *value)
{
	struct alias *a = alias_find(name);

	if (a == NULL) {
		a = xmalloc(sizeof(*a));
		*a = (struct alias){ .next = aliases, .name = xstrdup(name) };
		aliases = a;
	}
	free(a->value);
	a->value = xstrdup(value);
}

bool
alias_remove(const char *name)
{
	struct alias **at = &aliases;
	bool found = name == NULL;

	while (*at != NULL) {
		struct alias *a = *at;

		if (name != NULL && strcmp(a->name, name) != 0) {
			at = &a->next;
			continue;
		}
		*at = a->next;
		free(a->name);
		free(a->value);
		free(a);
		found = true;
	}
	return found;
}

/* New text was appended: whatever was being replaced has been read. */
void
alias_calm(struct input *in)
{
	if (in->fd < 0 && !in->interactive)
		return;
	for (struct alias *a = aliases; a != NULL; a = a->next)
		a->active = false;
}
