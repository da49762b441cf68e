/*
 * /proc/net: the tables that network tools parse. The families fill theirs;
 * without one only the heading is there, as on a machine without sockets.
 */
#include "proc.h"

static enum err
show_dev(struct seq *q, const struct proc_ctx *c)
{
	(void)c;
	seq_puts(q, "Inter-|   Receive                            "
	    "                    |  Transmit\n"
	    " face |bytes    packets errs drop fifo frame compressed "
	    "multicast|bytes    packets errs drop fifo colls carrier "
	    "compressed\n");
	return OK;
}

static enum err
show_inet(struct seq *q, const struct proc_ctx *c)
{
	(void)c;
	seq_puts(q, "  sl  local_address rem_address   st tx_queue rx_queue "
	    "tr tm->when retrnsmt   uid  timeout inode\n");
	return OK;
}

static enum err
show_unix(struct seq *q, const struct proc_ctx *c)
{
	(void)c;
	seq_puts(q, "Num       RefCount Protocol Flags    Type St Inode "
	    "Path\n");
	return OK;
}

static enum err
show_route(struct seq *q, const struct proc_ctx *c)
{
	(void)c;
	seq_puts(q, "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\t"
	    "Mask\t\tMTU\tWindow\tIRTT\n");
	return OK;
}

const struct proc_entry proc_net_table[] = {
	PROC_FILE("dev", show_dev),
	PROC_FILE("route", show_route),
	PROC_FILE("tcp", show_inet),
	PROC_FILE("udp", show_inet),
	PROC_FILE("raw", show_inet),
	PROC_FILE("unix", show_unix),
	PROC_END,
};
