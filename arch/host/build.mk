# The kernel's own address space is the process's: no kernel page tables. And
# no time of its own: tests that measure shares of a CPU run in machines only.
ifeq ($(ARCH),host)
KSKIP += mm/kmap.c tests/kernel/mm_kmap.c \
    $(filter-out %/space.c,$(wildcard arch/common/*.c)) \
    tests/kernel/sched_run.c tests/kernel/security.c tests/kernel/unwind.c
endif
KSKIP += $(if $(filter asan,$(BUILD)),,arch/host/asan.c)
