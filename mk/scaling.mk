# What operations cost while there is a lot of something, and on many CPUs.
#
##   scaling                 curves beside Linux, contention on 1 to 8 CPUs:
##                           docs/scaling.md, $(B)/scaling/<arch>.json
##                           T=text: subjects with it, to the terminal alone;
##                           PART=curves or PART=contention: that alone

.PHONY: scaling
# The marks lie where no other program has code.
SCALING_SRCS := $(patsubst %,tests/perf/%.c,scaling scaling_init contend)
$(TO)/tests/perf/scaling.$(ARCH): $(SCALING_SRCS) tests/perf/scaling.h
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CROSS)gcc -std=gnu2x -O2 -Wall -Wextra -Wno-unused-result -static \
	    -pthread -Wl,--section-start=.mark=0x7000000 $(filter %.c,$^) -o $@

$(B)/tools/share_count.so: tools/share_count.c
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)cc -std=gnu2x -O2 -Wall -Wextra -fPIC -shared $< -o $@

scaling: $(TO)/tests/perf/scaling.$(ARCH) $(B)/tools/share_count.so \
    $(DEPS)/linux-$(ARCH)/.done
	@$(MAKE) image BUILD=release >&2
	@$(PYTHON) tools/scaling.py --b $(B) --deps $(DEPS) --arch $(ARCH) \
	    --nm $(CROSS)nm --plugin $(B)/tools/share_count.so --only '$(T)' \
	    $(if $(PART),--part $(PART))
