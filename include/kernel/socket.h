/*
 * Sockets: the neutral part (net/socket.c) over families that register
 * themselves. Addresses are kernel copies of sockaddr-like bytes in the
 * Linux layout of their family (they travel through every ABI).
 */
#pragma once

#include <kernel/file.h>

#define SOCKADDR_MAX 128
struct sock_addr {
	uint16_t family;
	uint8_t bytes[SOCKADDR_MAX - 2];
	unsigned len; /* total bytes, family included */
};
#define AF_UNIX_  1
#define AF_INET_  2
#define AF_INET6_ 10
#define SOCK_STREAM_    1
#define SOCK_DGRAM_     2
#define SOCK_SEQPACKET_ 5

struct socket;

struct sock_message {
	struct iter *bytes;
	struct sock_addr *addr; /* in: destination; out: source; may be NULL */
	/* passed handles: struct file objects with rights */
	struct obj **objs;
	rights_t *rights;
	unsigned obj_count, obj_max;
	bool has_creds;
	int pid;
	uint32_t uid, gid;
	unsigned flags; /* in: MSGF_*; out: MSGF_TRUNC, MSGF_CTRUNC, MSGF_EOR */
	ns_t deadline;
};
#define MSGF_PEEK      0x02u
#define MSGF_CTRUNC    0x08u
#define MSGF_TRUNC     0x20u
#define MSGF_DONTWAIT  0x40u
#define MSGF_EOR       0x80u
#define MSGF_WAITALL   0x100u
#define MSGF_NOSIGNAL  0x4000u

struct sock_ops {
	enum err (*bind)(struct socket *s, const struct sock_addr *a);
	enum err (*connect)(struct socket *s, const struct sock_addr *a);
	enum err (*listen)(struct socket *s, unsigned backlog);
	enum err (*accept)(struct socket *s, unsigned file_flags,
	    struct file **out);
	enum err (*send)(
	    struct socket *s, struct sock_message *m, size_t *done);
	enum err (*receive)(
	    struct socket *s, struct sock_message *m, size_t *done);
	enum err (*shutdown)(struct socket *s, bool reading, bool writing);
	enum err (*name)(struct socket *s, bool peer, struct sock_addr *out);
	enum err (*option_get)(struct socket *s, int level, int option,
	    void *buf, size_t *len);
	enum err (*option_set)(struct socket *s, int level, int option,
	    const void *buf, size_t len);
	unsigned (*poll)(struct socket *s, struct poll_request *r);
	enum err (*control)(
	    struct socket *s, unsigned cmd, uintptr_t arg, long *ret);
	void (*release)(struct socket *s); /* frees s */
};

struct socket {
	struct file file; /* OBJ_SOCKET */
	const struct sock_ops *ops; /* [I] */
	int family, type, protocol; /* [I] */
	struct mutex lock; /* RANK_SOCKET */
	ns_t send_timeout, receive_timeout; /* [l] 0: none */
	enum err error; /* [l] pending, SO_ERROR */
	bool pass_creds, reuse_address, keep_alive, broadcast; /* [l] */
	unsigned send_buffer, receive_buffer; /* [l] bytes */
};

struct sock_family {
	int family;
	enum err (*create)(int type, int protocol, struct socket **out);
	enum err (*pair)(
	    int type, int protocol, struct socket **a, struct socket **b);
};
#define SOCK_FAMILY(rec) \
	static const struct sock_family *const rec##_entry \
	    __attribute__((section(".carmine.sock"), used)) = &(rec)

/* For families: sets up the common part. */
void socket_init(struct socket *s, const struct sock_ops *ops, int family,
    int type, int protocol);
enum err socket_create(int family, int type, int protocol,
    unsigned file_flags, struct file **out);
enum err socket_pair(int family, int type, int protocol,
    unsigned file_flags, struct file *out[2]);
/* ERR_NOTSOCK when it is none; borrowed. */
enum err socket_of(struct file *f, struct socket **out);
enum err socket_bind(struct socket *s, const struct sock_addr *a);
enum err socket_connect(struct socket *s, const struct sock_addr *a);
enum err socket_listen(struct socket *s, unsigned backlog);
enum err socket_accept(
    struct socket *s, unsigned file_flags, struct file **out);
enum err socket_send(struct socket *s, struct sock_message *m, size_t *done);
enum err socket_receive(
    struct socket *s, struct sock_message *m, size_t *done);
enum err socket_shutdown(struct socket *s, bool reading, bool writing);
enum err socket_name(struct socket *s, bool peer, struct sock_addr *out);
enum err socket_option_get(
    struct socket *s, int level, int option, void *buf, size_t *len);
enum err socket_option_set(
    struct socket *s, int level, int option, const void *buf, size_t len);
