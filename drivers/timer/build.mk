# Of one architecture only.
KSKIP += $(if $(filter aarch64,$(ARCH)),,drivers/timer/arm_timer.c)
