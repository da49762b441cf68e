# What operations cost, beside Debian's Linux on the same machine.
#
##   bench                   table, $(B)/bench/<arch>.json, docs/bench/<arch>.svg
##                           T=text: those lines alone; QUICK=1: one CPU only

.PHONY: bench
$(TO)/tests/perf/bench.$(ARCH): tests/perf/bench.c
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CROSS)gcc -std=gnu2x -O2 -Wall -Wextra -Wno-unused-result -static \
	    -pthread $< -o $@

bench: $(TO)/tests/perf/bench.$(ARCH) $(DEPS)/linux-$(ARCH)/.done
	@$(MAKE) image BUILD=release >&2
	@$(PYTHON) tools/bench.py --b $(B) --deps $(DEPS) --arch $(ARCH) \
	    --only '$(T)' $(if $(QUICK),--quick)
