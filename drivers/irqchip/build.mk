# Interrupt controllers that are part of one architecture.
KSKIP += $(if $(filter aarch64,$(ARCH)),, \
    drivers/irqchip/gicv2.c drivers/irqchip/gicv3.c)
