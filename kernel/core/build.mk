# What the sanitizers call is not itself sanitized; on the host the
# compiler's own run-time library is linked.
ifeq ($(ARCH),host)
KSKIP += kernel/core/ubsan.c kernel/core/asan.c
endif
CFLAGS_kernel/core/ubsan.c := -fno-sanitize=all
CFLAGS_kernel/core/asan.c := -fno-sanitize=all
