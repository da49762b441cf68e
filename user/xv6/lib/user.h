/*
 * The library of our xv6 programs: the calls, and the little above them.
 */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <uapi/xv6/xv6.h>

/* The calls; every error is -1. */
int fork(void);
void exit(int status) __attribute__((noreturn));
int wait(int *status); /* status may be 0 */
int pipe(int fd[2]);
int read(int fd, void *buf, int n);
int write(int fd, const void *buf, int n);
int close(int fd);
int kill(int pid);
int exec(const char *path, char **argv);
int open(const char *path, int mode);
int mknod(const char *path, int major, int minor);
int unlink(const char *path);
int fstat(int fd, struct xv6_stat *st);
int link(const char *from, const char *to);
int mkdir(const char *path);
int chdir(const char *path);
int dup(int fd);
int getpid(void);
char *sys_sbrk(int n, int how);
int sleep(int ticks);
int uptime(void);

char *sbrk(int n); /* eager; (char *)-1: no memory */
int stat(const char *path, struct xv6_stat *st);
char *gets(char *buf, int size); /* with its newline; "" at the end */

size_t strlen(const char *s);
int strcmp(const char *a, const char *b);
char *strcpy(char *to, const char *from);
char *strchr(const char *s, int c); /* NULL also for c == 0 at the end */
void *memset(void *p, int c, size_t n);
void *memcpy(void *to, const void *from, size_t n);
void *memmove(void *to, const void *from, size_t n);
int memcmp(const void *a, const void *b, size_t n);
int atoi(const char *s);

/* %d %u %x %l[dux] %p %s %c %% */
void printf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void fprintf(int fd, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void vfprintf(int fd, const char *fmt, va_list ap);

void *malloc(size_t n); /* NULL: no memory */
void free(void *p);
