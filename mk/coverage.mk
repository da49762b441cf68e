# Which lines of the kernel the tests run.
#
##   coverage                lines run, by folder (COVER_SUITE='unit host fuzz
##                           ktest abi failing calls boot', T=part, FILES=1:
##                           by file)

COVER_SUITE ?= unit host fuzz ktest abi failing calls boot
COVER := $(abspath $(B))/cover-$(ARCH)

$(COVER)/cover.so: tools/cover.c
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)cc -std=gnu2x -O2 -Wall -Wextra -fPIC -shared $< -o $@

# Failed tests are told, and are no reason to count less.
.PHONY: coverage
coverage: $(COVER)/cover.so
	@sh tools/setup.sh run test
	@rm -f $(COVER)/*.map $(COVER)/*.prof*
	-@CARMINE_COVER=$(COVER) $(TEST_RUN) --arch $(ARCH) $(COVER_SUITE)
	@$(PYTHON) tools/coverage.py --b $(B) --arch $(ARCH) $(COVER) \
	    $(if $(FILES),--files)
