/* How aarch64 makes an xv6 call: number in x8, arguments already in place. */
#define XV6_CALL(name, number) \
	.global name; \
	.type name, @function; \
name: \
	mov x8, number; \
	svc 0; \
	ret; \
	.size name, . - name
