# The kernel's own address space is the process's: no kernel page tables.
ifeq ($(ARCH),host)
KSKIP += mm/kmap.c arch/common/fdt_boot.c tests/kernel/mm_kmap.c
endif
