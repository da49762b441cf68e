/*
 * The call stubs, one for each line of native/call.def. Their declarations
 * and contracts are in the native headers.
 */
#include "native_arch.h"

#define CALL(number, name, args)                CALL_STUB(number, name)
#define CALLH(number, name, args, kind, rights) CALL_STUB(number, name)
#define CALLD(number, name, args, rights)       CALL_STUB(number, name)
#include <native/call.def>
