# The kernel moves itself (slide.c): tools/ksyms.py wants to know what to mend.
ifeq ($(ARCH),riscv64)
ARCH_LDFLAGS += --emit-relocs
endif
