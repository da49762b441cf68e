/* SPDX-License-Identifier: MIT */
/* Cyclic redundancy checks of disk formats and packets. */
#pragma once

#include <lib/base.h>

/*
 * Continues a CRC over len bytes; 0 starts one. Final and initial inversion
 * are inside, so crc(crc(0, a), b) is the CRC of a followed by b.
 * crc32: polynomial 0x04c11db7 reflected (zip, GPT). crc32c: Castagnoli
 * 0x1edc6f41 reflected (iSCSI, ext4).
 */
uint32_t crc32(uint32_t crc, const void *p, size_t len);
uint32_t crc32c(uint32_t crc, const void *p, size_t len);
