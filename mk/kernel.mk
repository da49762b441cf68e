# The kernel. A folder's sources are the .c and .S files in it; KDIRS is the
# list of folders. A folder may bring a build.mk that adds to KOBJS_EXTRA
# (objects made by its own rules) or to KSKIP (sources that a port does not
# take).

KDIRS := $(patsubst %/,%,$(sort $(wildcard lib/ kernel/*/ mm/ fs/*/ net/ \
    net/*/ drivers/*/ drivers/*/*/ abi/ abi/*/ abi/*/arch/$(ARCH)/ \
    arch/common/ arch/$(ARCH)/)))
ifneq ($(filter-out release,$(BUILD)),)
KDIRS += $(patsubst %/,%,$(wildcard tests/kernel/))
endif

KSKIP := arch/$(ARCH)/offsets.c
KOBJS_EXTRA :=
-include $(wildcard $(addsuffix /build.mk,$(KDIRS)))

KSRCS := $(filter-out $(KSKIP),$(wildcard $(addsuffix /*.c,$(KDIRS)) \
    $(addsuffix /*.S,$(KDIRS))))
KOBJS := $(patsubst %,$(O)/%.o,$(KSRCS))

KINC := -I. -Iinclude -Iarch/$(ARCH)/include \
    $(addprefix -I,$(wildcard abi/*/arch/$(ARCH))) -I$(O)/include \
    -Itools/libfdt -isystem $(DEPS)/libfdt
CBASE := -std=gnu2x -ffreestanding -fno-common -fno-strict-aliasing -fwrapv \
    -fno-delete-null-pointer-checks -fstack-protector-strong -g \
    -ffunction-sections -fdata-sections
# Backtraces go by .debug_frame (tools/unwind.py), on the host by pointers.
CBASE += $(if $(filter host,$(ARCH)),-fno-omit-frame-pointer, \
    -fomit-frame-pointer -fno-unwind-tables) -fno-asynchronous-unwind-tables
KCFLAGS := $(CBASE) -fno-pic -fno-pie $(OPT_$(BUILD)) $(MACH) $(SAN) \
    $(INIT_$(CC)) $(WARN) $(WARN_$(CC)) $(DEFS_$(BUILD)) $(KINC) \
    $(ARCH_CFLAGS)
KAFLAGS := -D__ASSEMBLER__ $(MACH) $(DEFS_$(BUILD)) $(KINC) -g -fno-pic \
    -fno-pie $(ARCH_AFLAGS)
ifneq ($(ARCH),host)
KCFLAGS += -nostdinc -isystem $(shell $(KCC) -print-file-name=include) \
    -idirafter tools/freestanding
endif
ifeq ($(ARCH)$(CC),hostgcc)
KCFLAGS += -Wno-error=stack-usage=
endif

OFFSETS := $(if $(wildcard arch/$(ARCH)/offsets.c),$(O)/include/offsets.h)
LIBFDT := $(O)/libfdt.a

$(O)/%.c.o: %.c
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(KCC) $(KCFLAGS) $(CFLAGS_$<) -MMD -MP -c $< -o $@

$(O)/%.S.o: %.S
	@mkdir -p $(@D)
	$(call say,AS,$@)
	$(Q)$(KCC) $(KAFLAGS) -MMD -MP -c $< -o $@

# Constants of C structs for assembly: ASM_OFFSET lines of offsets.c.
$(O)/include/offsets.h: arch/$(ARCH)/offsets.c
	@mkdir -p $(@D)
	$(call say,OFFSETS,$@)
	$(Q)$(KCC) $(filter-out $(SAN) -g,$(KCFLAGS)) -MMD -MP -MT $@ \
	    -MF $(O)/offsets.d -S $< -o $(O)/offsets.s
	$(Q)sed -n 's/.*"@ASM \([A-Za-z0-9_]*\) [$$#]*\(-*[0-9]*\)".*/#define \1 \2/p' \
	    $(O)/offsets.s > $@.new
	$(Q)test -s $@.new && mv $@.new $@

$(KOBJS): | $(OFFSETS) $(LIBFDT)

# libfdt comes from a package (tools/deps.py) and is compiled with own flags.
FDT_SRCS := fdt.c fdt_ro.c fdt_addresses.c fdt_strerror.c
# Where the linker keeps all functions, their callees must be there as well.
FDT_SRCS += $(if $(filter host,$(ARCH)),fdt_rw.c fdt_wip.c)
FDT_OBJS := $(patsubst %,$(O)/libfdt/%.o,$(FDT_SRCS))
$(O)/libfdt/%.c.o: | $(DEPS)/libfdt/.done
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(KCC) $(filter-out -W%,$(KCFLAGS)) -w -c $(DEPS)/libfdt/$*.c -o $@
$(O)/libfdt.a: $(FDT_OBJS)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $(FDT_OBJS)

# The link is done three times so that the kernel knows its own symbols and
# frames: with an empty table, with one of the right size, and with the right
# one. The third image is checked against the table it carries.
KLDFLAGS = -nostdlib -static --gc-sections --build-id=none -z noexecstack \
    -z max-page-size=4096 -T arch/$(ARCH)/link.ld $(ARCH_LDFLAGS)
ifeq ($(filter clang,$(CC)),)
KLDFLAGS += --no-warn-rwx-segments
endif
klink = $(LD) $(KLDFLAGS) -o $(1) $(KOBJS) $(KOBJS_EXTRA) $(2) $(LIBFDT)

KSYMS := tools/ksyms.py tools/unwind.py tools/pack.py
ksyms = $(PYTHON) tools/ksyms.py table $(NM) $(READELF) $(1)
$(O)/ksyms0.S: $(KSYMS)
	@mkdir -p $(@D)
	$(Q)$(PYTHON) tools/ksyms.py empty > $@

$(O)/carmine.elf: $(KOBJS) $(KOBJS_EXTRA) $(LIBFDT) arch/$(ARCH)/link.ld \
    arch/common/hot.ld \
    $(O)/ksyms0.S $(KSYMS)
	$(call say,LD,$@)
	$(Q)$(KCC) $(KAFLAGS) -c $(O)/ksyms0.S -o $(O)/ksyms0.o
	$(Q)$(call klink,$(O)/pass0.elf,$(O)/ksyms0.o)
	$(Q)$(call ksyms,$(O)/pass0.elf) > $(O)/ksyms1.S
	$(Q)$(KCC) $(KAFLAGS) -c $(O)/ksyms1.S -o $(O)/ksyms1.o
	$(Q)$(call klink,$(O)/pass1.elf,$(O)/ksyms1.o)
	$(Q)$(call ksyms,$(O)/pass1.elf) > $(O)/ksyms2.S
	$(Q)$(KCC) $(KAFLAGS) -c $(O)/ksyms2.S -o $(O)/ksyms2.o
	$(Q)$(call klink,$(O)/pass2.elf,$(O)/ksyms2.o)
	$(Q)$(call ksyms,$(O)/pass2.elf) | \
	    cmp -s - $(O)/ksyms2.S || \
	    { echo "ksyms: the symbol table did not settle" >&2; exit 1; }
	$(Q)rm -f $(O)/pass0.elf $(O)/pass1.elf
	$(Q)mv $(O)/pass2.elf $@

# Without symbols; where loaders want it so, as a flat file.
$(O)/carmine.img: $(O)/carmine.elf
	$(call say,STRIP,$@)
	$(Q)$(OBJCOPY) -S $(IMG_FORMAT_$(ARCH)) $< $@

# On the host the kernel is a library that tests/host links with.
$(O)/libcarmine.a: $(KOBJS) $(KOBJS_EXTRA) $(O)/ksyms0.S
	$(call say,AR,$@)
	$(Q)$(KCC) -c $(O)/ksyms0.S -o $(O)/ksyms0.o
	$(Q)rm -f $@ && $(AR) rcs $@ $(KOBJS) $(KOBJS_EXTRA) $(O)/ksyms0.o

.PHONY: kernel
ifeq ($(ARCH),host)
kernel: $(O)/libcarmine.a
else
kernel: $(O)/carmine.elf $(O)/carmine.img
endif

-include $(patsubst %.o,%.d,$(KOBJS)) $(O)/offsets.d

# $(call noted,FILE,TEXT): writes it only when that changes it.
noted = $(shell mkdir -p $(dir $(1)); echo '$(2)' | cmp -s - $(1) || \
    echo '$(2)' > $(1))

# A source that comes or goes changes the list: link again.
$(call noted,$(O)/objects,$(KOBJS))
$(O)/carmine.elf $(O)/libcarmine.a: $(O)/objects

# Other flags: compile again.
$(call noted,$(O)/flags,$(KCC) $(KCFLAGS) $(KAFLAGS) \
    $(foreach v,$(sort $(filter CFLAGS_% VDSO_%,$(.VARIABLES))),$(v) $($(v))))
$(KOBJS) $(FDT_OBJS) $(OFFSETS): $(O)/flags
