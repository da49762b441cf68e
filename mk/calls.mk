# Random calls of every ABI (tests/calls), run by tools/test.py.
#
##   calls                   random calls: 200,000
##   nightly                 ktest, boot on the builds that check, and ten
##                           million calls (SEED=n: with other seeds; COUNT=n:
##                           so many instead)

CALLS := $(B)/$(ARCH)-calls/bin
CALLS_OBJ := $(B)/$(ARCH)-calls/obj
CALLS_CFLAGS := -I. -Itests/calls
CALLS_ARCH := $(addprefix $(ARCH)/,enter.S words.c)

$(CALLS)/calls: tests/calls/calls.c
	$(call test-link,$(CROSS)gcc $(ABI_CFLAGS) $(CALLS_CFLAGS))

$(CALLS)/linux: tests/calls/linux.c
	$(call test-link,$(CROSS)gcc $(ABI_CFLAGS) $(CALLS_CFLAGS) -I. \
	    -Iabi/linux/arch/$(ARCH) $(addprefix tests/calls/,$(CALLS_ARCH)))

$(CALLS)/native: $(patsubst %,$(UO)/tests/calls/%.o,native.c fuzz.c \
    $(CALLS_ARCH)) $(CRT) $(ULIB)
	@mkdir -p $(@D) $(UO)/debug
	$(call say,ULD,$@)
	$(Q)$(call ulink,$(filter %.c.o %enter.S.o,$^))
	$(Q)cp $(UO)/debug/native $@

XV6_CALLS := $(patsubst %,$(CALLS_OBJ)/%.o,xv6.c fuzz.c xv6_calls.S \
    $(CALLS_ARCH))
$(CALLS_OBJ)/%.o: tests/calls/%
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(XV6_CC) $(XV6_CFLAGS) -I. -MMD -MP -c $< -o $@
$(CALLS)/xv6: $(XV6_CALLS) $(XV6_LIB) user/xv6/link.ld
	$(call say,LD,$@)
	$(Q)$(XV6_CC) $(XV6_MACH_$(ARCH)) -nostdlib -static -no-pie \
	    -Wl,-T,user/xv6/link.ld -Wl,--build-id=none \
	    -Wl,-z,max-page-size=4096 -Wl,-z,noexecstack \
	    -Wl,--no-warn-rwx-segments -o $@ $(XV6_CALLS) $(XV6_LIB)

-include $(wildcard $(CALLS)/*.d $(CALLS_OBJ)/*.d $(UO)/tests/calls/*.d)

.PHONY: calls-bins calls nightly
calls-bins: $(patsubst %,$(CALLS)/%,calls linux native xv6)

calls nightly:
	@sh tools/setup.sh run test
	@$(TEST_RUN) --arch $(ARCH) $(if $(filter nightly,$@),ktest boots) $@
