/* Between the files of the PCI bus; internal to drivers/bus. */
#pragma once

#include <kernel/pci.h>

#include "pci_config.h"

#define PCI_VENDOR      0x00u
#define PCI_DEVICE      0x02u
#define PCI_COMMAND     0x04u
#define PCI_CLASS       0x08u
#define PCI_HEADER      0x0eu
#define PCI_BAR(n)      (0x10u + 4 * (n))
#define PCI_BUSES       0x18u /* primary, secondary, subordinate */
#define PCI_BRIDGE_IO   0x1cu
#define PCI_BRIDGE_MEM  0x20u
#define PCI_BRIDGE_PREF 0x24u
#define PCI_PREF_BASE_HIGH  0x28u
#define PCI_PREF_LIMIT_HIGH 0x2cu
#define PCI_IO_HIGH     0x30u
#define PCI_LINE        0x3cu
#define PCI_PIN         0x3du

#define PCI_PORT_SELECT 0xcf8u
#define PCI_PORT_DATA   0xcfcu
#define PCI_PORT_ENABLE UINT32_C(0x80000000)

#define COMMAND_IO      1u
#define COMMAND_MEM     2u
#define COMMAND_MASTER  4u
#define COMMAND_NO_INTX 0x400u
#define HEADER_BRIDGE   1u
#define HEADER_MULTI    0x80u
#define CLASS_HOST      0x060000u
#define CAP_MSI         0x05u
#define CAP_EXPRESS     0x10u
#define CAP_MSIX        0x11u

/* pci_assign.c: gives addresses to all that h has. */
void pci_assign(struct pci_host *h);
/* Of which kind BAR n of f is. */
enum pci_kind pci_bar_kind(const struct pci_func *f, unsigned n);
