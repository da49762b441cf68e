# The Linux ABI: which table and frames, and the vDSO, a shared object of its
# own that the kernel carries.

ARCH_CFLAGS += -Iabi/linux/arch/$(ARCH)

VDSO_DIR := abi/linux/arch/$(ARCH)/vdso
VDSO_SRCS := $(wildcard abi/linux/vdso/*.c $(VDSO_DIR)/*.[cS])
ifeq ($(wildcard $(VDSO_DIR)/.),)
KSKIP += abi/linux/vdso.c
else
VDSO_O := $(O)/abi/linux/vdso
VDSO_FLAGS := -std=gnu2x -O2 -g0 -fPIC -ffreestanding -nostdlib \
    -fno-stack-protector -fno-asynchronous-unwind-tables -fno-builtin \
    -fvisibility=default -Wall -Wextra -Werror
VDSO_MACH_aarch64 := -march=armv8-a -mgeneral-regs-only -fno-jump-tables
VDSO_MACH_riscv64 := -march=rv64imac_zicsr -mabi=lp64 -mcmodel=medany \
    -mno-relax -fno-jump-tables
VDSO_MACH_x86_64 := -mgeneral-regs-only -fno-jump-tables -fcf-protection=none

$(VDSO_O)/vdso.so: $(wildcard $(VDSO_DIR)/* abi/linux/vdso/*) \
    abi/linux/vdso_data.h $(O)/flags
	@mkdir -p $(@D)
	$(call say,VDSO,$@)
	$(Q)$(CROSS)gcc $(VDSO_FLAGS) $(VDSO_MACH_$(ARCH)) -shared \
	    -I$(VDSO_DIR) -Wl,-T,abi/linux/vdso/vdso.ld $(VDSO_DIR)/names.ld \
	    -Wl,-soname,linux-vdso.so.1 \
	    -Wl,--hash-style=both -Wl,--build-id=none -Wl,--eh-frame-hdr \
	    -Wl,-Bsymbolic -Wl,--no-undefined -Wl,-z,max-page-size=4096 \
	    $(VDSO_SRCS) -o $@.new
	$(Q)! $(CROSS)readelf -rW $@.new | grep -q R_
	$(Q)$(CROSS)strip -S $@.new -o $@

$(O)/include/lx_vdso_offsets.h: $(VDSO_O)/vdso.so
	@mkdir -p $(@D)
	$(Q)$(CROSS)nm -D $< | sed -n \
	    's/^\([0-9a-f]*\) T __[a-z]*_rt_sigreturn.*/#define LX_VDSO_RT_SIGRETURN 0x\1/p' \
	    > $@.new
	$(Q)test -s $@.new || grep -q restorer \
	    abi/linux/arch/$(ARCH)/lx_arch.h
	$(Q)test -s $@.new || echo '#define LX_VDSO_RT_SIGRETURN 0' > $@.new
	$(Q)mv $@.new $@

$(VDSO_O)/image.o: $(VDSO_O)/vdso.so
	$(Q)printf '%s\n' '.section .rodata' '.balign 4096' \
	    '.globl lx_vdso_start, lx_vdso_end' 'lx_vdso_start:' \
	    '.incbin "$<"' 'lx_vdso_end:' '.balign 4096' \
	    '.section .note.GNU-stack,"",@progbits' > $(@D)/image.S
	$(Q)$(KCC) $(MACH) -fno-pic -c $(@D)/image.S -o $@

$(O)/abi/linux/vdso.c.o $(O)/contracts/abi/linux/vdso.c.ok: \
    $(O)/include/lx_vdso_offsets.h
KOBJS_EXTRA += $(VDSO_O)/image.o
endif
