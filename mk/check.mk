# What is checked without running anything.
#
##   check                   layers, sizes, lock contracts, both compilers ...
##   layers metrics ports tidy abi-tables headers contracts cppcheck format
##                           one of them; metrics prints the table, format
##                           rewrites FILES by clang-format

CHECKS := layers limits ports tidy abi-tables check-gcc check-clang \
    check-aarch64 check-x86_64 empty-port

.PHONY: check check-list $(CHECKS) metrics headers contracts cppcheck format
check:
	@sh tools/setup.sh run test
	@$(TEST_RUN) check

# For tools/test.py, which runs them one by one.
check-list:
	@echo $(CHECKS)

layers:
	$(Q)$(PYTHON) tools/layers.py

metrics:
	$(Q)$(PYTHON) tools/metrics.py

limits:
	$(Q)$(PYTHON) tools/metrics.py --check

# Lines of each port, and the same file names in all.
ports:
	$(Q)$(PYTHON) tools/ports.py

# Whitespace, places, twins, links: tools/tidy.py says.
tidy:
	$(Q)$(PYTHON) tools/tidy.py

# The pages that are made from the code are what the code is.
abi-tables:
	$(Q)$(PYTHON) tools/abi_coverage.py --check \
	    abi/linux/table_generic.def abi/linux docs/abi-linux.md \
	    tests/abi/linux

check-gcc:
	@$(MAKE) kernel ARCH=riscv64 BUILD=check CC=gcc

# All of clang on one port, its look at the sources on the others: lock
# contracts need no more.
check-clang:
	@$(MAKE) kernel headers ARCH=riscv64 BUILD=check CC=clang
check-aarch64 check-x86_64:
	@$(MAKE) contracts headers ARCH=$(@:check-%=%) BUILD=check CC=clang

# Every header compiles alone; arch_inline.h is a part of kernel/arch.h.
HEADERS := $(filter-out %/arch_inline.h,$(wildcard include/kernel/*.h \
    include/uapi/*/*.h arch/$(ARCH)/include/*.h $(addsuffix /*.h,$(KDIRS))))
HEADER_MARKS := $(HEADERS:%=$(O)/headers/%.ok)
$(O)/headers/%.h.ok: %.h
	@mkdir -p $(@D)
	$(Q)printf '#include "%s"\nextern int t;\n' $< | $(KCC) $(KCFLAGS) \
	    -Wno-unused-function -MMD -MP -MT $@ -MF $@.d -fsyntax-only -x c -
	@touch $@
headers: $(HEADER_MARKS)

# Every C source of a port, as far as warnings go.
CONTRACT_MARKS := $(patsubst %,$(O)/contracts/%.ok,$(filter %.c,$(KSRCS)))
$(O)/contracts/%.c.ok: %.c
	@mkdir -p $(@D)
	$(Q)$(KCC) $(KCFLAGS) $(CFLAGS_$<) -MMD -MP -MT $@ -MF $@.d \
	    -fsyntax-only $<
	@touch $@
contracts: $(CONTRACT_MARKS)

-include $(wildcard $(HEADER_MARKS:%=%.d) $(CONTRACT_MARKS:%=%.d))
$(HEADER_MARKS) $(CONTRACT_MARKS): | $(OFFSETS) $(DEPS)/libfdt/.done

cppcheck:
	cppcheck -q -j2 --std=c11 --enable=warning,portability,performance \
	    --inline-suppr \
	    --error-exitcode=1 -I. -Iinclude -Iarch/riscv64/include \
	    lib kernel mm fs arch/riscv64

# What every port has to have (docs/porting.md).
empty-port:
	@$(MAKE) kernel ARCH=example BUILD=release CC=gcc

format:
	clang-format -i $(FILES)
