# Native programs and their C library.
#
# user/lib is the library's glue on newlib (tools/newlib.sh), user/init and
# user/sh are one program each, every user/bin/NAME.c is one by name and all
# of them one file (user/tools), but for those that are alone. They go to
# /system/bin in $(USER_ROOT); a folder's own build.mk may add more.
#
##   user                    the native programs

USER_ROOT := $(B)/$(ARCH)-user/root
UO := $(B)/$(ARCH)-user

.PHONY: user
ifneq ($(ARCH),host)

UCC := $(CROSS)gcc
UMACH_riscv64 := -march=rv64gc -mabi=lp64d -mcmodel=medany
UMACH_aarch64 := -march=armv8-a -mno-outline-atomics
UMACH_x86_64 := -march=x86-64
UMACH := $(UMACH_$(ARCH))

# newlib is kept by what it is made from.
NEWLIB_FROM := tools/newlib.sh $(wildcard user/lib/include/*.h \
    user/lib/include/*/*.h)
NEWLIB_HASH := $(shell { cat $(NEWLIB_FROM); grep ^newlib tools/deps.lock; \
    echo $(UMACH); } | sha256sum | cut -c1-12)
NEWLIB := $(DEPS)/newlib-$(ARCH)-$(NEWLIB_HASH)

$(NEWLIB)/.done: | $(DEPS)/newlib/.done
	$(call say,NEWLIB,$(NEWLIB))
	$(Q)sh tools/newlib.sh $(ARCH) $(DEPS)/newlib user/lib/include \
	    $(NEWLIB) $(UCC) $(UMACH)

UINC := -nostdinc -isystem user/lib/include \
    -isystem $(shell $(UCC) -print-file-name=include) \
    -isystem $(NEWLIB)/include -isystem include/uapi
UCFLAGS := -std=gnu2x -O2 -g $(UMACH) -static -fno-pic -fno-pie \
    -fno-stack-protector -fno-common -fno-asynchronous-unwind-tables \
    -ffunction-sections -fdata-sections -fno-strict-aliasing \
    -U__linux__ -U__linux -Ulinux -U__gnu_linux__ -U__unix__ \
    -D__carmine__ -D_GNU_SOURCE -D__DYNAMIC_REENT__ \
    -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wold-style-definition \
    -Wvla -Wpointer-arith -Wimplicit-fallthrough $(UINC)
# raise is ours before newlib's abort() brings its own.
ULDFLAGS := $(UMACH) -static -no-pie -nostdlib -nostartfiles \
    -Wl,--gc-sections -Wl,-u,raise -Wl,--build-id=none -Wl,-z,noexecstack \
    -Wl,-z,max-page-size=4096 -Wl,-z,noseparate-code \
    -Wl,-T,user/lib/discard.ld

ULIB_SRCS := $(wildcard user/lib/*.c user/lib/arch/$(ARCH)/*.c \
    user/lib/arch/$(ARCH)/*.S)
ULIB_OBJS := $(patsubst %,$(UO)/%.o,$(ULIB_SRCS))
CRT := $(UO)/user/lib/arch/$(ARCH)/start.S.o
ULIB := $(UO)/libcarmine.a

$(UO)/%.c.o: %.c $(NEWLIB)/.done
	@mkdir -p $(@D)
	$(call say,UCC,$@)
	$(Q)$(UCC) $(UCFLAGS) $(UCFLAGS_$(firstword $(subst /, ,$(*D)))) \
	    $(UCFLAGS_$(*D)) -MD -MP -c $< -o $@
UCFLAGS_user/lib := -Iuser/lib/arch/$(ARCH)

$(UO)/%.S.o: %.S
	@mkdir -p $(@D)
	$(Q)$(UCC) $(UMACH) -fno-pic -g -c $< -o $@

$(ULIB): $(filter-out $(CRT),$(ULIB_OBJS))
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

# $(call ulink,OBJECTS): one native program.
ulink = $(UCC) $(ULDFLAGS) -o $(UO)/debug/$(notdir $@) $(CRT) $(1) -Wl,--start-group \
    $(ULIB) $(NEWLIB)/lib/libc.a $(NEWLIB)/lib/libm.a -lgcc -Wl,--end-group
UBIN := $(USER_ROOT)/system/bin

# $(eval $(call program,NAME,SOURCES)): /system/bin/NAME from sources.
define program
$(UBIN)/$(1): $(patsubst %,$(UO)/%.o,$(2)) $(CRT) $(ULIB) $(NEWLIB)/.done \
    user/lib/discard.ld
	@mkdir -p $$(@D) $(UO)/debug
	$$(call say,ULD,$$@)
	$$(Q)$$(call ulink,$(patsubst %,$(UO)/%.o,$(2)))
	$$(Q)$$(STRIP) -s -o $$@ $(UO)/debug/$(1)
user: $(UBIN)/$(1)
endef

$(eval $(call program,init,$(wildcard user/init/*.c)))
$(eval $(call program,sh,$(wildcard user/sh/*.c)))

# hello is the least native program, and stays one.
ALONE := hello
$(foreach p,$(ALONE),$(eval $(call program,$(p),user/bin/$(p).c)))

TOOLS := $(filter-out $(ALONE),$(basename $(notdir $(wildcard user/bin/*.c))))
UCFLAGS_user/bin = $(if $(filter $(ALONE),$(*F)),,-Dmain=main_$(*F))
UCFLAGS_user/tools := -I$(UO)
$(eval $(call program,tools,user/tools/tools.c $(TOOLS:%=user/bin/%.c)))

$(call noted,$(UO)/tools.def,$(patsubst %,TOOL(%),$(TOOLS)))
$(UO)/user/tools/tools.c.o: $(UO)/tools.def

$(TOOLS:%=$(UBIN)/%): $(UBIN)/tools
	$(Q)ln -f $< $@ && ln -f $(UO)/debug/tools $(UO)/debug/$(@F)
user: $(TOOLS:%=$(UBIN)/%)

# Other flags: compile again.
$(call noted,$(UO)/flags,$(UCC) $(UCFLAGS) $(foreach v,$(sort $(filter \
    UCFLAGS_%,$(.VARIABLES))),$(v) $(value $(v))))
$(ULIB_OBJS) $(patsubst %,$(UO)/%.o,$(wildcard user/init/*.c user/sh/*.c \
    user/bin/*.c user/tools/*.c)): $(UO)/flags

-include $(wildcard user/*/build.mk)
-include $(shell find $(UO) -name '*.d' 2>/dev/null)

user-root: user
else
user:
endif
