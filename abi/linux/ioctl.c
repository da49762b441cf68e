/*
 * Control of files: what concerns the descriptor is done here, the rest goes
 * to the file, which knows Linux's numbers.
 * Source: man-pages 6.05 ioctl(2), ioctl_fat(2) and siblings.
 */
#include "call.h"

enum {
	FIONCLEX = 0x5450, FIOCLEX = 0x5451, FIOASYNC = 0x5452,
	FIONBIO = 0x5421, FIOQSIZE = 0x5460,
};

/* Sets or clears one status flag by the int at user. */
static enum err
toggle(struct file *f, unsigned bit, uintptr_t user)
{
	unsigned flags = file_flags(f) & FILE_SETTABLE;
	uint32_t on;
	enum err e = user_copy_in(&on, user, sizeof(on));

	if (e != OK)
		return e;
	return file_set_flags(f, on != 0 ? flags | bit : flags & ~bit);
}

enum err
lx_ioctl(struct thread *t, const struct sysargs *a, long *ret)
{
	unsigned cmd = (unsigned)a->v[1];
	struct lx_fd fd;
	enum err e = lx_fd_get(t, a->v[0], 0, &fd);

	if (e != OK)
		return e;
	*ret = 0;
	switch (cmd) {
	case FIOCLEX:
	case FIONCLEX:
		e = handle_flags_set(t->task->handles, (uint32_t)a->v[0],
		    cmd == FIOCLEX ? HANDLE_CLOEXEC : 0);
		break;
	case FIONBIO:
		e = toggle(fd.file, FILE_NONBLOCK, a->v[2]);
		break;
	case FIOASYNC:
		e = toggle(fd.file, FILE_ASYNC, a->v[2]);
		break;
	default:
		e = file_control(fd.file, cmd, a->v[2], ret);
		/* The file has no such operation: not a terminal. */
		if (e == ERR_NOTSUP || e == ERR_NOSYS)
			e = ERR_NOTTY;
		break;
	}
	lx_fd_put(&fd);
	return e;
}
