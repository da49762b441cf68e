# What other people wrote: brought by tools/deps.py, never committed.
#
##   deps                    bring the libraries and the foreign programs
##   deps-update             rewrite tools/deps.lock from the archive's index

DEPS ?= $(B)/deps
DEPS_LOCK := tools/deps.lock tools/deps.py tools/linuxroot.py

$(DEPS)/%/.done: $(DEPS_LOCK)
	$(Q)$(PYTHON) tools/deps.py --dir $(DEPS) get $*

LINUX_ROOT := $(DEPS)/root-$(ARCH)

.PHONY: deps deps-update
deps: $(DEPS)/libfdt/.done $(DEPS)/newlib/.done $(LINUX_ROOT)/.done
deps-update:
	$(Q)$(PYTHON) tools/deps.py --dir $(DEPS) update
