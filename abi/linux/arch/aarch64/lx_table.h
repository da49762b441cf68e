/* Which call table aarch64 has. */
#pragma once

#define LX_TABLE "abi/linux/table_generic.def"
