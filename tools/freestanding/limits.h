/*
 * gcc's <limits.h> goes on to the C library's. There is none in the kernel:
 * this file ends the chain.
 */
