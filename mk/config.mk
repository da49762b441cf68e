# What is built, with what, and where.
#
## Options (make TARGET OPTION=VALUE):
##   ARCH=riscv64|aarch64|x86_64|host  architecture (host: the kernel as a process)
##   CC=gcc|clang            compiler
##   BUILD=release|debug|check|asan
##                           debug: easy to step through; check: all checks
##                           and in-kernel tests; asan: also addresses;
##                           on the host tsan: races, cover: lines run
##   B=build                 where outputs go
##   V=1                     show the commands
##
## Targets:
##   all                     the kernel (default)

ARCH ?= riscv64
BUILD ?= release
B ?= build
ifeq ($(origin CC),default)
CC := gcc
endif

PORTS := riscv64 aarch64 x86_64
# example is the empty port of docs/porting.md: it compiles, that is all.
ARCHES := $(PORTS) host example
BUILDS := release debug check asan tsan cover
ifeq ($(filter $(ARCH),$(ARCHES)),)
$(error ARCH=$(ARCH): choose one of $(ARCHES))
endif
ifeq ($(filter $(BUILD),$(BUILDS)),)
$(error BUILD=$(BUILD): choose one of $(BUILDS))
endif
ifeq ($(filter $(CC),gcc clang),)
$(error CC=$(CC): choose gcc or clang)
endif

O := $(B)/$(ARCH)-$(CC)-$(BUILD)
PYTHON := /usr/bin/python3

# Quiet unless V=1: $(call say,CC,$@) before the command.
ifeq ($(V),1)
Q :=
say = @:
else
Q := @
say = @printf '  %-7s %s\n' $(1) $(patsubst $(B)/%,%,$(2)) >&2
endif

# Tools per architecture. TRIPLE is Debian's, CLANG_TARGET is clang's.
TRIPLE_riscv64 := riscv64-linux-gnu
TRIPLE_aarch64 := aarch64-linux-gnu
TRIPLE_x86_64 := x86_64-linux-gnu
TRIPLE_host :=
TRIPLE := $(TRIPLE_$(ARCH))
CROSS := $(addsuffix -,$(TRIPLE))

ifeq ($(ARCH),host)
KCC := $(CC)
LD := ld
AR := ar
else ifeq ($(CC),clang)
KCC := clang --target=$(ARCH)-unknown-elf
LD := ld.lld
AR := $(CROSS)ar
else
KCC := $(CROSS)gcc
LD := $(CROSS)ld
AR := $(CROSS)ar
endif
NM := $(CROSS)nm
READELF := $(CROSS)readelf
STRIP := $(CROSS)strip
OBJCOPY := $(CROSS)objcopy

# Machine flags.
MACH_riscv64_gcc := -march=rv64imac_zicsr_zifencei -mabi=lp64 -mcmodel=medany
MACH_riscv64_clang := -march=rv64imac -mabi=lp64 -mcmodel=medany -mno-relax
MACH_aarch64_gcc := -march=armv8-a -mgeneral-regs-only -mno-outline-atomics
MACH_aarch64_clang := $(MACH_aarch64_gcc)
IMG_FORMAT_aarch64 := -O binary
MACH_x86_64_gcc := -mno-red-zone -mgeneral-regs-only -mcmodel=kernel \
    -mstack-protector-guard=global
MACH_x86_64_clang := $(MACH_x86_64_gcc)
MACH_example_gcc := -mgeneral-regs-only -fno-stack-protector
MACH_host_gcc :=
MACH_host_clang :=
MACH := $(MACH_$(ARCH)_$(CC))

# Kind of build. The three macros are always defined, as 0 or 1.
DEFS_release := -DCARMINE_DEBUG=0 -DCARMINE_CHECK=0 -DCARMINE_ASAN=0
DEFS_debug := -DCARMINE_DEBUG=1 -DCARMINE_CHECK=0 -DCARMINE_ASAN=0
DEFS_check := -DCARMINE_DEBUG=1 -DCARMINE_CHECK=1 -DCARMINE_ASAN=0
DEFS_asan := -DCARMINE_DEBUG=1 -DCARMINE_CHECK=1 -DCARMINE_ASAN=1
DEFS_tsan := $(DEFS_check)
DEFS_cover := $(DEFS_check)
OPT_release := -O2
OPT_debug := -O1
OPT_check := -O1
OPT_asan := -O1
OPT_tsan := -O1
OPT_cover := -O1

# Undefined-behaviour checks need the kernel's handlers.
UBSAN := $(if $(wildcard kernel/core/ubsan.c),-fsanitize=undefined \
    -fno-sanitize=alignment)
ASAN := $(if $(wildcard kernel/core/asan.c),-fsanitize=kernel-address \
    --param asan-stack=0 --param asan-globals=0 \
    --param asan-instrumentation-with-call-threshold=0)
SAN_check := $(UBSAN)
SAN_asan := $(UBSAN) $(ASAN)
SAN := $(SAN_$(BUILD))
ifeq ($(ARCH),host)
SAN := -fsanitize=address,undefined -fno-sanitize=alignment
ifeq ($(CC),clang)
# Registries are arrays of variables: no red zones between them.
SAN += -fsanitize=fuzzer-no-link -mllvm -asan-globals=0
endif
ifeq ($(BUILD),cover)
# clang counts, in a file while the program runs: it may end by _Exit().
COUNT_LINES := -fprofile-instr-generate -fcoverage-mapping \
    -mllvm -runtime-counter-relocation
SAN += $(COUNT_LINES)
endif
ifeq ($(BUILD),tsan)
SAN := -fsanitize=thread $(if $(filter gcc,$(CC)),-Wno-tsan)
endif
endif

WARN := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes \
    -Wmissing-prototypes -Wold-style-definition -Wvla -Wundef \
    -Wpointer-arith -Wwrite-strings -Wcast-qual -Wimplicit-fallthrough \
    -Wformat=2 -Wnull-dereference -Wswitch-enum
WARN_gcc := -Wlogical-op -Wduplicated-cond -Wstack-usage=1024
WARN_clang := -Wthread-safety
# The check builds fill fresh stack with a pattern: who counts on zeros breaks,
# and what leaks is seen (tests/abi/linux/no_leaks.c).
AUTO_INIT := $(if $(filter check asan,$(BUILD)),pattern,zero)
INIT_gcc := -ftrivial-auto-var-init=$(AUTO_INIT)
INIT_clang := -ftrivial-auto-var-init=pattern

# The sanitizers' own frames are large and fool the flow analysis.
ifneq ($(strip $(SAN)),)
WARN_gcc := -Wlogical-op -Wduplicated-cond -Wno-null-dereference \
    -Wno-maybe-uninitialized
WARN_clang += -Wno-null-dereference $(if $(filter host,$(ARCH)),\
    -Wno-thread-safety)
endif
