/* Which call table this port has: the generic one. */
#pragma once

#define LX_TABLE "abi/linux/table_generic.def"
