/* Waiting for children. */
#ifndef _SYS_WAIT_H
#define _SYS_WAIT_H

#include <sys/cdefs.h>
#include <sys/types.h>

__BEGIN_DECLS

#define WNOHANG    1
#define WUNTRACED  2
#define WCONTINUED 4

#define WIFEXITED(w)    (((w) & 0x7f) == 0)
#define WEXITSTATUS(w)  (((w) >> 8) & 0xff)
#define WIFSTOPPED(w)   (((w) & 0xff) == 0x7f)
#define WSTOPSIG(w)     WEXITSTATUS(w)
#define WIFCONTINUED(w) ((w) == 0xffff)
#define WIFSIGNALED(w) \
	(((w) & 0x7f) != 0 && ((w) & 0x7f) != 0x7f && (w) != 0xffff)
#define WTERMSIG(w)     ((w) & 0x7f)

struct rusage;

pid_t wait(int *);
pid_t waitpid(pid_t, int *, int);
pid_t wait3(int *, int, struct rusage *);
pid_t wait4(pid_t, int *, int, struct rusage *);

__END_DECLS
#endif
