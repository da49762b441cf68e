# Programs against the xv6 calls, one per file in user/xv6/bin, static at
# address 0. They go to /abi/xv6/bin of the image, through $(USER_ROOT).

ifneq ($(wildcard user/xv6/lib/$(ARCH)/call.h),)
XV6_OUT := $(B)/$(ARCH)-user/xv6
XV6_BIN := $(USER_ROOT)/abi/xv6/bin
XV6_CC := $(CROSS)gcc
XV6_MACH_riscv64 := -march=rv64gc -mabi=lp64d -mcmodel=medany -mno-relax \
    -msmall-data-limit=0
XV6_MACH_aarch64 := -march=armv8-a -mno-outline-atomics
# No register that wants an aligned stack: a program starts at any.
XV6_MACH_x86_64 := -march=x86-64 -mgeneral-regs-only
XV6_CFLAGS := -std=gnu2x -Os -g $(XV6_MACH_$(ARCH)) -ffreestanding \
    -fno-builtin -fno-pic -fno-pie -fno-stack-protector -fno-common \
    -fno-tree-loop-distribute-patterns -fno-asynchronous-unwind-tables \
    -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes \
    -Wvla -Iuser/xv6/lib -Iuser/xv6/lib/$(ARCH) -Iinclude
XV6_LIB := $(patsubst user/xv6/%,$(XV6_OUT)/obj/%.o, \
    user/xv6/lib/start.c $(filter-out user/xv6/lib/start.c, \
    $(wildcard user/xv6/lib/*.c)) user/xv6/lib/usys.S)
XV6_PROGS := $(patsubst user/xv6/bin/%.c,$(XV6_BIN)/%, \
    $(wildcard user/xv6/bin/*.c))

$(XV6_OUT)/obj/%.c.o: user/xv6/%.c
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(XV6_CC) $(XV6_CFLAGS) -MMD -MP -c $< -o $@

$(XV6_OUT)/obj/%.S.o: user/xv6/%.S
	@mkdir -p $(@D)
	$(call say,AS,$@)
	$(Q)$(XV6_CC) $(XV6_CFLAGS) -D__ASSEMBLER__ -MMD -MP -c $< -o $@

$(XV6_BIN)/%: $(XV6_OUT)/obj/bin/%.c.o $(XV6_LIB) user/xv6/link.ld
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(XV6_CC) $(XV6_MACH_$(ARCH)) -nostdlib -static -no-pie \
	    -Wl,-T,user/xv6/link.ld -Wl,--build-id=none \
	    -Wl,-z,max-page-size=4096 -Wl,-z,noexecstack \
	    -Wl,--no-warn-rwx-segments -Wl,-s -o $@ $< $(XV6_LIB)

.SECONDARY: $(XV6_LIB) $(patsubst user/xv6/%,$(XV6_OUT)/obj/%.o,$(wildcard user/xv6/bin/*.c))

# The zone has no settings of its own: it shows the system's.
XV6_ETC := $(USER_ROOT)/abi/xv6/etc
$(XV6_ETC):
	@mkdir -p $(@D)
	$(Q)ln -sfn system/root/etc $@

# A root as xv6 has it: programs by their bare names, and a README, which
# others' programs (usertests, grind) look for there.
XV6_NAMES := $(patsubst $(XV6_BIN)/%,$(USER_ROOT)/abi/xv6/%,$(XV6_PROGS)) \
    $(USER_ROOT)/abi/xv6/README
$(USER_ROOT)/abi/xv6/README: user/xv6/README
	@mkdir -p $(@D)
	$(Q)cp $< $@
$(USER_ROOT)/abi/xv6/%: $(XV6_BIN)/%
	$(Q)ln -sfn bin/$* $@

.PHONY: xv6
##   xv6                     our programs against the xv6 calls
xv6: $(XV6_PROGS) $(XV6_ETC) $(XV6_NAMES)
user: xv6

-include $(wildcard $(XV6_OUT)/obj/*/*.d)
endif
