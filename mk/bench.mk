# What operations cost, beside Debian's Linux on the same machine.
#
##   bench                   table, $(B)/bench/<arch>.json, docs/bench/<arch>.*
##                           T=text: those lines alone; QUICK=1: one CPU only

BENCH_SRC := $(addprefix tests/perf/,bench.c calls.c tasks.c waits.c)

.PHONY: bench
$(TO)/tests/perf/bench.$(ARCH): $(BENCH_SRC) tests/perf/bench.h
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CROSS)gcc -std=gnu2x -O2 -Wall -Wextra -Wno-unused-result -static \
	    -pthread $(BENCH_SRC) -o $@

bench: $(TO)/tests/perf/bench.$(ARCH) $(DEPS)/linux-$(ARCH)/.done
	@$(MAKE) image BUILD=release >&2
	@$(PYTHON) tools/bench.py --b $(B) --deps $(DEPS) --arch $(ARCH) \
	    --only '$(T)' $(if $(QUICK),--quick)

# Where they go.
#
##   profile OP='read 1 B'   instructions by function for one line of bench

.PHONY: profile
$(B)/tools/count.so: tools/profile_count.c
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)cc -std=gnu2x -O2 -Wall -Wextra -fPIC -shared $< -o $@

profile: $(B)/tools/count.so $(TO)/tests/perf/bench.$(ARCH)
	@$(MAKE) image BUILD=release >&2
	@$(PYTHON) tools/profile.py --b $(B) --arch $(ARCH) \
	    --nm $(CROSS)nm --plugin $< '$(OP)'
