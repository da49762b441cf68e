/* Constants that assembly needs, picked out of the compiler's output. */
#include <kernel/arch.h>

#define OFFSET(name, value) \
	__asm__ volatile("\n.ascii \"@ASM " #name " %0\"" : : "i"(value))

void offsets(void);

void
offsets(void)
{
	OFFSET(HEAD_KSTACK, offsetof(struct thread_head, kstack_top));
	OFFSET(HEAD_WORK, offsetof(struct thread_head, work));
	OFFSET(FRAME_SIZE, sizeof(struct arch_frame));
}
