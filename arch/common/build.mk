# With address checks the copies are lib/string.c's: assembly checks nothing.
ifeq ($(BUILD),asan)
KSKIP += arch/$(ARCH)/string.S
endif
