/* Reading and writing system registers of aarch64, by name. */
#pragma once

#include <kernel/attr.h>

#define sysreg_read(name) ({ \
	uint64_t v_; \
	__asm__ volatile("mrs %0, " #name : "=r"(v_) : : "memory"); \
	v_; \
})
#define sysreg_write(name, v) \
	__asm__ volatile("msr " #name ", %0" : : "r"((uint64_t)(v)) : "memory")

#define isb() __asm__ volatile("isb" : : : "memory")
/* dsb(ishst): the argument is the scope. */
#define dsb(scope) __asm__ volatile("dsb " #scope : : : "memory")
