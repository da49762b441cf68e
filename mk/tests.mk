# Tests (docs/testing.md). A C test is one file; its first line names the
# sources that it is linked with:   // uses: lib/rbtree.c lib/hash.c
#
##   test                    all tests; ends with `N passed, N failed`
##                           SUITE='check unit host race fuzz tools ktest abi
##                           failing calls boot'
##                           T=part-of-a-name; ARCH=... runs one machine's
##   unit host-tests         build and run those alone
##   race                    host tests under the race checker
##   fuzz T=name S=60        fuzz one parser for S seconds
##   ktest                   the tests inside the booted kernel
##   abi                     foreign programs, here and on this Linux
##   boot                    whole systems, by pytest

# Programs that count lines run are clang's, beside the kernel that does.
TO := $(if $(filter cover,$(BUILD)),$(O),$(B))
UNIT_CC := $(if $(filter cover,$(BUILD)),clang,gcc)
T ?=
S ?= 60

UNIT_SRCS := $(shell find tests/unit -name '*_test.c' 2>/dev/null | sort)
HOST_SRCS := $(shell find tests/host -name '*_test.c' 2>/dev/null | sort)
FUZZ_SRCS := $(wildcard tests/fuzz/*_fuzz.c)
ABI_SRCS := $(wildcard tests/abi/linux/*.c tests/abi/linux/$(ARCH)/*.c)
UNIT_BINS := $(UNIT_SRCS:%.c=$(TO)/%)
FUZZ_BINS := $(FUZZ_SRCS:%.c=$(TO)/%)
# A program that is its own oracle under qemu-user may not build natively.
ABI_NATIVE := $(if $(ABI_SRCS),$(shell grep -L '^// oracle: user' $(ABI_SRCS)))
ABI_BINS := $(ABI_SRCS:%.c=$(TO)/%.$(ARCH)) $(ABI_NATIVE:%.c=$(TO)/%.native)

# uses = what the first lines of a test name.
uses = $(shell sed -n 's,^// uses: ,,p' $(1))

TEST_BASE := -std=gnu2x -g -O1 -fno-omit-frame-pointer -fwrapv \
    -fno-strict-aliasing -Wall -Wextra -Werror -Wno-unused-parameter \
    -I. -Iinclude -Iarch/host/include -Itools/libfdt \
    -isystem $(DEPS)/libfdt
TEST_CFLAGS := $(TEST_BASE) -DCARMINE_DEBUG=1 -DCARMINE_CHECK=1 \
    -DCARMINE_ASAN=0
TEST_SAN := -fsanitize=address,undefined -fno-sanitize-recover=all \
    $(COUNT_LINES)

# $(call test-link,COMPILER AND FLAGS)
define test-link
	@mkdir -p $(@D)
	$(call say,TEST,$@)
	$(Q)$(1) -MM -MP -MT $@ $< $(call uses,$<) > $@.d
	$(Q)$(1) $< $(call uses,$<) -o $@ $(call libs,$<)
endef
libs = $(shell sed -n 's,^// libs: ,,p' $(1))

$(TO)/tests/unit/%: tests/unit/%.c
	$(call test-link,$(UNIT_CC) $(TEST_CFLAGS) $(TEST_SAN))

# clang keeps what a fuzzer includes; its corpus lies beside it.
$(TO)/tests/fuzz/%: tests/fuzz/%.c
	$(call test-link,clang $(TEST_CFLAGS) $(TEST_SAN) -fsanitize=fuzzer)

# The same program for this kernel and for the build machine's.
ABI_CFLAGS := -std=gnu2x -g -O1 -Wall -Wextra -Wno-unused-parameter \
    -Wno-unused-result -static -pthread -D_GNU_SOURCE
$(TO)/tests/abi/linux/%.$(ARCH): tests/abi/linux/%.c
	$(call test-link,$(CROSS)gcc $(ABI_CFLAGS))
$(TO)/tests/abi/linux/%.native: tests/abi/linux/%.c
	$(call test-link,gcc $(ABI_CFLAGS))
ABI_DRIVERS := $(patsubst %,$(TO)/tests/abi/%.$(ARCH),driver failing)
$(ABI_DRIVERS): $(TO)/tests/abi/%.$(ARCH): tests/abi/%.c
	$(call test-link,$(CROSS)gcc $(ABI_CFLAGS) -I.)

-include $(wildcard $(addsuffix .d,$(UNIT_BINS) $(FUZZ_BINS) $(ABI_BINS) \
    $(ABI_DRIVERS)))

# The kernel as a process: tests/host links with its library; so do fuzzers
# whose first line is `// kernel`.
HOST_BINS := $(HOST_SRCS:%.c=$(O)/%)
HOST_FUZZ_SRCS := $(shell grep -l '^// kernel$$' $(FUZZ_SRCS) /dev/null)
HOST_FUZZ_BINS := $(HOST_FUZZ_SRCS:%.c=$(O)/%)
HOST_CFLAGS := $(TEST_BASE) $(DEFS_$(BUILD)) -fno-pic -fno-pie -no-pie \
    -Wno-unused-command-line-argument
define host-link
	@mkdir -p $(@D)
	$(call say,TEST,$@)
	$(Q)$(1) -MM -MP -MT $@ $< $(call uses,$<) > $@.d
	$(Q)$(1) $< $(call uses,$<) -Wl,-T,arch/host/link.ld -Wl,--gc-sections \
	    -Wl,--whole-archive $(O)/libcarmine.a -Wl,--no-whole-archive \
	    $(LIBFDT) -pthread -o $@
endef
$(O)/tests/host/%: tests/host/%.c $(O)/libcarmine.a arch/host/link.ld
	$(call host-link,$(KCC) $(HOST_CFLAGS) $(SAN))
ifeq ($(ARCH),host)
$(HOST_FUZZ_BINS): $(O)/tests/fuzz/%: tests/fuzz/%.c $(O)/libcarmine.a \
    arch/host/link.ld
	$(call host-link,$(KCC) $(HOST_CFLAGS) $(SAN) -fsanitize=fuzzer)
-include $(wildcard $(addsuffix .d,$(HOST_BINS) $(HOST_FUZZ_BINS)))
else
# The fuzzers' kernel is clang's, with address checks.
$(HOST_FUZZ_SRCS:%.c=$(TO)/%): FORCE
	@$(MAKE) ARCH=host CC=clang BUILD=asan \
	    $(B)/host-clang-asan/$(@:$(TO)/%=%)
	@mkdir -p $(@D)
	$(Q)cp -u $(B)/host-clang-asan/$(@:$(TO)/%=%) $@
.PHONY: FORCE
FORCE:
endif

.PHONY: test unit-bins fuzz-bins abi-bins host-bins boot-bins ktest-bins
unit-bins: $(UNIT_BINS)
fuzz-bins: $(FUZZ_BINS)
abi-bins: $(ABI_BINS) $(ABI_DRIVERS)
host-bins: $(HOST_BINS)

# A native program for the boot tests.
BOOT_NATIVE := $(B)/$(ARCH)-user/tests/boot/boot_native
boot-bins: $(BOOT_NATIVE)
ifdef ulink
$(BOOT_NATIVE): $(UO)/tests/boot/native.c.o $(CRT) $(ULIB)
	@mkdir -p $(UO)/debug
	$(call say,ULD,$@)
	$(Q)$(call ulink,$<)
	$(Q)cp $(UO)/debug/$(@F) $@
endif

# tools/test.py builds what a suite needs, runs it, counts, and prints the
# closing line. A test that does not build is a test that failed.
SUITE ?= check unit host race fuzz tools ktest abi failing calls boot
SEED ?= 1
COUNT ?= 0
TEST_RUN = $(PYTHON) tools/test.py --b $(B) --deps $(DEPS) --only '$(T)' \
    --seed $(SEED) --calls $(COUNT)

# Every port, unless one is asked for; riscv64 is the first.
comma := ,
empty :=
TEST_PORTS := $(subst $(empty) ,$(comma),$(if $(filter file,\
    $(origin ARCH)),$(PORTS),$(ARCH)))
test:
	@sh tools/setup.sh run test
	@$(TEST_RUN) --arch $(TEST_PORTS) $(SUITE)

.PHONY: unit host-tests race ktest abi boot fuzz failing
unit race ktest abi failing boot:
	@sh tools/setup.sh run test
	@$(TEST_RUN) --arch $(ARCH) $@
host-tests:
	@$(TEST_RUN) --arch $(ARCH) host

fuzz:
	@sh tools/setup.sh test
	@$(MAKE) $(TO)/tests/fuzz/$(T)_fuzz
	@mkdir -p $(TO)/fuzz/$(T) tests/fuzz/corpus/$(T)
	@$(if $(wildcard tests/fuzz/$(T)_seeds.py),\
	    $(PYTHON) tests/fuzz/$(T)_seeds.py $(TO)/fuzz/$(T))
	$(TO)/tests/fuzz/$(T)_fuzz -max_total_time=$(S) -timeout=10 \
	    -artifact_prefix=$(TO)/fuzz/$(T)/ $(TO)/fuzz/$(T) \
	    tests/fuzz/corpus/$(T)
