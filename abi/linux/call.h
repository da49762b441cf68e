/*
 * The handlers, declared from the table: a line without its function does
 * not link, a function without a line is unused. lx_table.h comes from
 * arch/<isa>/ and names the table of that architecture.
 */
#pragma once

#include "lx.h"

#include <lx_table.h>

#define SYS(number, name, handler, kinds) lx_handler handler;
#include LX_TABLE
#undef SYS
