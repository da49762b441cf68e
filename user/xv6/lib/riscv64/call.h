/* How riscv64 makes an xv6 call: number in a7, arguments already in place. */
#define XV6_CALL(name, number) \
	.global name; \
	.type name, @function; \
name: \
	li a7, number; \
	ecall; \
	ret; \
	.size name, . - name
