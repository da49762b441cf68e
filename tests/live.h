/*
 * What lives in the kernel, from two readings of /proc/carmine/live: a test
 * that gave everything back has no more objects of any kind afterwards, and
 * the memory is free again but for one percent, which caches keep.
 */
#pragma once

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIVE "/proc/carmine/live"

/* The value behind name in text; -1: not there. */
static inline long
live_value(const char *text, const char *name)
{
	size_t len = strlen(name);

	for (; text != NULL && *text != '\0'; text = strchr(text, '\n'),
	    text += text != NULL)
		if (strncmp(text, name, len) == 0 && text[len] == ' ')
			return strtol(text + len, NULL, 10);
	return -1;
}

/* Compares two readings of LIVE; tells what became more if it is to. */
static inline bool
same_life(const char *before, const char *after, bool tell)
{
	long had = live_value(before, "free_pages");
	long lost = had - live_value(after, "free_pages");
	bool same = lost <= had / 100;
	char name[64];
	long n;
	int skip;

	if (!same && tell)
		printf("leaked %ld pages\n", lost);
	for (; sscanf(before, "%63s %ld\n%n", name, &n, &skip) == 2;
	    before += skip) {
		if (strstr(name, "_pages") != NULL ||
		    live_value(after, name) <= n)
			continue;
		same = false;
		if (tell)
			printf("leaked %ld objects: %s\n",
			    live_value(after, name) - n, name);
	}
	return same;
}
