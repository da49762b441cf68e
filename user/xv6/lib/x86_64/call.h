/* How x86_64 makes an xv6 call: number in rax; functions have the fourth
 * argument in rcx, which the instruction needs. */
#define XV6_CALL(name, number) \
	.global name; \
	.type name, @function; \
name: \
	movl $number, %eax; \
	movq %rcx, %r10; \
	syscall; \
	ret; \
	.size name, . - name
