/* inotify. */
#include "check.h"

#include <sys/inotify.h>

static int fd;

static void
events(void)
{
	char buf[4096] __attribute__((aligned(8)));
	ssize_t n = read(fd, buf, sizeof(buf));

	if (n < 0)
		printf("nothing: %s\n", strerrorname_np(errno));
	for (ssize_t at = 0; at < n;) {
		struct inotify_event *e = (struct inotify_event *)(buf + at);

		printf("watch %d mask %x %s%s\n", e->wd, e->mask,
		    e->len > 0 ? e->name : "-", e->cookie ? " cookie" : "");
		at += (ssize_t)sizeof(*e) + e->len;
	}
}

int
main(void)
{
	int w, d;

	enter();
	OKAY(fd = inotify_init1(IN_NONBLOCK));
	SHOW(inotify_init1(0x5));
	SHOW(w = inotify_add_watch(fd, ".", IN_CREATE | IN_DELETE |
	    IN_MOVE | IN_CLOSE_WRITE));
	SHOW(inotify_add_watch(fd, "none", IN_CREATE));
	SHOW(inotify_add_watch(fd, ".", 0));
	SHOW(inotify_add_watch(0, ".", IN_CREATE));
	events();
	put("a", "x");
	events();
	mkdir("d", 0755);
	rename("a", "b");
	events();
	unlink("b");
	rmdir("d");
	events();
	put("f", "x");
	events();
	SHOW(d = inotify_add_watch(fd, "f", IN_MODIFY | IN_DELETE_SELF |
	    IN_ATTRIB | IN_OPEN));
	put("f", "y");
	events();
	chmod("f", 0600);
	events();
	SHOW(inotify_rm_watch(fd, w));
	events();
	SHOW(inotify_rm_watch(fd, w));
	close(fd);
	unlink("f");
	leave();
	return 0;
}
