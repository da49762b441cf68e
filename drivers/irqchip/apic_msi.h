/* SPDX-License-Identifier: MIT */
#pragma once

void apic_msi_init(void); /* with the first I/O APIC */
