/* inotify. */
#include "check.h"

#include <sys/inotify.h>
#include <sys/ioctl.h>

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

/* Watches that change, end after one event, or end with their file. */
static void
special(void)
{
	char small[20];
	int n = -1, first;

	OKAY(fd = inotify_init1(IN_NONBLOCK));
	put("g", "x");
	SHOW(first = inotify_add_watch(fd, "g", IN_OPEN));
	SHOW(inotify_add_watch(fd, "g", IN_CLOSE_WRITE | IN_MASK_ADD));
	SHOW(inotify_add_watch(fd, "g", IN_OPEN | IN_MASK_CREATE));
	SHOW(inotify_add_watch(fd, "g",
	    IN_OPEN | IN_MASK_CREATE | IN_MASK_ADD));
	SHOW(inotify_add_watch(fd, "g", IN_OPEN | IN_ONLYDIR));
	put("g", "y");
	SHOW(ioctl(fd, FIONREAD, &n));
	SHOW(n);
	SHOW(read(fd, small, 4)); /* too little for an event */
	SHOW(read(fd, small, sizeof(small)));
	events();
	SHOW(inotify_add_watch(fd, "g", IN_ATTRIB) == first);
	put("g", "z");
	events();
	SHOW(inotify_add_watch(fd, "g", IN_OPEN | IN_ONESHOT) == first);
	put("g", "z");
	put("g", "z");
	events();
	SHOW(inotify_rm_watch(fd, first));
	SHOW(inotify_add_watch(fd, "g", IN_DELETE_SELF));
	link("g", "h");
	unlink("g");
	events();
	unlink("h");
	events();
	mkdir("e", 0755);
	SHOW(inotify_add_watch(fd, "e", IN_CREATE | IN_DELETE | IN_EXCL_UNLINK));
	symlink("e", "l");
	SHOW(inotify_add_watch(fd, "l", IN_CREATE | IN_DONT_FOLLOW));
	put("e/a name", "x");
	unlink("e/a name");
	rmdir("e");
	events();
	unlink("l");
	close(fd);
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
	special();
	leave();
	return 0;
}
