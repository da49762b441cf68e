# The initial file system and the machine to run it on.
#
##   image                   the kernel and its initial file systems
##   run                     boot in QEMU on this terminal; Ctrl-A x leaves
##                           SMP=n MEM=64M APPEND='...' CMD='...' EXTRA=DIR
##   gdb                     boot under gdb-multiarch (docs/debugging.md)

IMG := $(B)/$(ARCH)
USER_ROOT := $(B)/$(ARCH)-user/root

.PHONY: image run gdb user-root
user-root:

# What every image has; /system and /abi/xv6 come with user-root.
IMAGE_BASE = tree:tools/skel dir:/dev dir:/proc dir:/sys dir:/tmp:1777 \
    dir:/root:700 dir:/home dir:/system dir:/abi \
    $(if $(wildcard $(USER_ROOT)/.),tree:$(USER_ROOT))

# The small one has busybox alone of Linux's programs.
BUSYBOX_LINKS := ash awk cat echo grep head ls mkdir mount ps rm sed sh \
    sleep sort tail top uname vi wc
IMAGE_MIN = dir:/abi/linux/usr/bin dir:/abi/linux/dev dir:/abi/linux/proc \
    dir:/abi/linux/sys dir:/abi/linux/tmp:1777 dir:/abi/linux/root:700 \
    dir:/abi/linux/home dir:/abi/linux/system dir:/abi/linux/run \
    link:usr/bin=/abi/linux/bin link:usr/bin=/abi/linux/sbin \
    file:$(LINUX_ROOT)/usr/bin/busybox=/abi/linux/usr/bin/busybox \
    file:$(LINUX_ROOT)/etc/passwd=/abi/linux/etc/passwd \
    file:$(LINUX_ROOT)/etc/group=/abi/linux/etc/group \
    $(foreach n,$(BUSYBOX_LINKS),link:busybox=/abi/linux/usr/bin/$n)

# Programs of packages that the root is without: a zone's `mount` must be one
# of that zone, for a native one sees the native root.
IMAGE_LINKS := less more mount umount

$(IMG)/initrd-full.cpio: $(LINUX_ROOT)/.done tools/mkimage.py user-root
	@mkdir -p $(@D)
	$(call say,IMAGE,$@)
	$(Q)$(PYTHON) tools/mkimage.py $@ $(IMAGE_BASE) \
	    tree:$(LINUX_ROOT)=/abi/linux \
	    $(foreach n,$(IMAGE_LINKS),link:busybox=/abi/linux/usr/bin/$n)

$(IMG)/initrd-min.cpio: $(LINUX_ROOT)/.done tools/mkimage.py user-root
	@mkdir -p $(@D)
	$(call say,IMAGE,$@)
	$(Q)$(PYTHON) tools/mkimage.py $@ $(IMAGE_BASE) $(IMAGE_MIN)

image: kernel $(IMG)/initrd-full.cpio $(IMG)/initrd-min.cpio

RUN = $(PYTHON) tools/run.py --arch $(ARCH) --kernel $(O)/carmine.img \
    --images $(IMG)

# As typed: a `$` in CMD is the shell's, not make's.
override CMD := $(value CMD)
override APPEND := $(value APPEND)
export SMP MEM APPEND CMD EXTRA

# Whatever building prints goes to stderr: stdout is the command's alone. And
# make ends with the command's status, not with its own 2.
.PHONY: run-setup run-status
run-setup:
	$(Q)sh tools/setup.sh run
run-status: run-setup
	@$(MAKE) image >&2
	@$(RUN) --status-file $(IMG)/run.status

run: run-status
	@$(exit-with $(shell cat $(IMG)/run.status))exit \
	    $(shell cat $(IMG)/run.status)

gdb:
	@sh tools/setup.sh gdb
	@$(MAKE) image >&2
	@$(RUN) --gdb $(O)/carmine.elf

ifneq ($(filter run,$(MAKECMDGOALS)),)
-load $(B)/make_exit.so(make_exit_gmk_setup)
$(B)/make_exit.so: tools/make_exit.c
	@mkdir -p $(@D)
	$(Q)sh tools/setup.sh run
	$(Q)gcc -O1 -fPIC -shared $< -o $@
endif
