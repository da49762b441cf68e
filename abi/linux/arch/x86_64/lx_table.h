/* Which call table x86_64 has: its own. */
#pragma once

#define LX_TABLE "abi/linux/table_x86_64.def"
