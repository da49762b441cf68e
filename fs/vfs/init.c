/* Start-up of the VFS, and how tasks reach their view of it. */
#include "internal.h"

void
vfs_init(void)
{
	dentry_init();
	mount_count_init();
	mount_init();
	vnode_table_init();
	file_table_init();
	locks_init();
}
