# What the sanitizers call is not itself sanitized; on the host the
# compiler's own run-time library is linked.
CFLAGS_kernel/core/ubsan.c := -fno-sanitize=all
CFLAGS_kernel/core/asan.c := -fno-sanitize=all
ifneq ($(BUILD)$(filter host,$(ARCH)),asan)
KSKIP += kernel/core/asan.c
endif
ifeq ($(filter check asan,$(BUILD))$(filter host,$(ARCH)),)
KSKIP += kernel/core/ubsan.c
endif
ifeq ($(ARCH),host)
KSKIP += kernel/core/ubsan.c
endif

# Free lists run through objects that nobody may use; copying is checked at
# its first and last byte by the caller.
ifeq ($(BUILD),asan)
NO_ASAN := $(if $(filter host,$(ARCH)),address,kernel-address)
CFLAGS_mm/slab.c := -fno-sanitize=$(NO_ASAN)
CFLAGS_lib/string.c := -fno-sanitize=$(NO_ASAN)
endif
