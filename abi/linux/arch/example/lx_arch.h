/* Structures of this architecture: the generic ones. */
#pragma once

#include "../../types_generic.h"
