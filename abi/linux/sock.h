/*
 * What the two socket files share.
 */
#pragma once

#include "lx.h"

#include <kernel/socket.h>

/* A descriptor that is a socket; release with lx_fd_put(&s->fd). */
struct lx_sock {
	struct lx_fd fd;
	struct socket *sock;
};
enum err lx_sock_get(struct thread *t, uintptr_t h, struct lx_sock *s);
enum err lx_sockaddr_in(uintptr_t user, size_t len, struct sock_addr *out);
/* At most room bytes. */
enum err lx_sockaddr_out(
    const struct sock_addr *in, uintptr_t user, uint32_t room);
/* To a buffer whose size lies in user memory. */
enum err lx_sockaddr_back(
    const struct sock_addr *in, uintptr_t user, uintptr_t user_len);
