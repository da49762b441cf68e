# What is checked without running anything.
#
##   check                   layers, sizes, headers alone, both compilers
##   layers metrics headers cppcheck format
##                           one of them; metrics prints the table, format
##                           rewrites FILES by clang-format

.PHONY: check layers metrics headers cppcheck both-compilers empty-port format
layers:
	$(Q)$(PYTHON) tools/layers.py

metrics:
	$(Q)$(PYTHON) tools/metrics.py

# Every header compiles alone.
HEADERS := $(filter-out lib/string.h,$(wildcard include/kernel/*.h lib/*.h))
HEADER_MARKS := $(HEADERS:%=$(O)/headers/%.ok)
$(O)/headers/%.h.ok: %.h
	@mkdir -p $(@D)
	$(Q)printf '#include "%s"\nextern int t;\n' $< | $(KCC) $(KCFLAGS) \
	    -Wno-unused-function -MMD -MP -MT $@ -MF $@.d -fsyntax-only \
	    -x c -
	@touch $@
-include $(wildcard $(HEADER_MARKS:%=%.d))
$(HEADER_MARKS): | $(OFFSETS) $(DEPS)/libfdt/.done
headers: $(HEADER_MARKS)

cppcheck:
	cppcheck -q -j2 --std=c11 --enable=warning,portability,performance \
	    --inline-suppr \
	    --error-exitcode=1 -I. -Iinclude -Iarch/riscv64/include \
	    lib kernel mm fs arch/riscv64

both-compilers:
	@$(MAKE) kernel BUILD=check CC=gcc
	@$(MAKE) kernel BUILD=check CC=clang

# What every port has to have (docs/porting.md).
empty-port:
	@$(MAKE) kernel ARCH=example BUILD=release CC=gcc

check: layers headers both-compilers empty-port
	$(Q)$(PYTHON) tools/metrics.py --check

format:
	clang-format -i $(FILES)
