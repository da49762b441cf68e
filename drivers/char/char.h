/* What the parts of drivers/char know of each other. */
#pragma once

void kmsg_init(void);
