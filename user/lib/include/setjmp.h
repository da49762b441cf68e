/* setjmp, and sigsetjmp with the signal mask. */
#ifndef _CARMINE_SETJMP_H
#define _CARMINE_SETJMP_H

#include_next <setjmp.h>
#include <sys/_sigset.h>

_BEGIN_STD_C

typedef struct {
	jmp_buf __regs;
	int __saved; /* the mask is to be restored */
	__sigset_t __mask;
} sigjmp_buf[1];

void __sigjmp_save(sigjmp_buf, int);
void siglongjmp(sigjmp_buf, int) __attribute__((__noreturn__));

#define sigsetjmp(env, save) (__sigjmp_save(env, save), setjmp((env)->__regs))
#define _setjmp(env)         setjmp(env)
#define _longjmp(env, value) longjmp(env, value)

_END_STD_C
#endif
