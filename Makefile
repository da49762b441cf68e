# Carmine. `make help` lists the targets, docs/testing.md and docs/debugging.md
# say how to use them. There is no configure step; everything that is built
# goes to $(B), one folder per architecture, compiler and kind of build.

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules --no-print-directory

include mk/config.mk
include mk/deps.mk
include mk/kernel.mk
-include user/user.mk
include mk/image.mk
include mk/tests.mk
include mk/calls.mk
include mk/coverage.mk
include mk/bench.mk
include mk/scaling.mk
include mk/check.mk

.PHONY: all help clean
all: kernel

help:
	@sed -n 's/^## \{0,1\}//p' $(MAKEFILE_LIST)

clean:
	rm -rf $(O) $(B)/$(ARCH)
