# Interrupt controllers that are part of one architecture.
KSKIP += $(if $(filter aarch64,$(ARCH)),, \
    drivers/irqchip/gicv2.c drivers/irqchip/gicv3.c \
    drivers/irqchip/gicv2m.c drivers/irqchip/gicv3_its.c)
KSKIP += $(if $(filter x86_64,$(ARCH)),, \
    drivers/irqchip/ioapic.c drivers/irqchip/apic_msi.c)
KSKIP += $(if $(filter riscv64,$(ARCH)),, \
    drivers/irqchip/plic.c drivers/irqchip/aplic.c \
    drivers/irqchip/hart_contexts.c drivers/irqchip/imsic.c)
