/*
 * The 16550 UART: a tty's lower side and the kernel's console.
 *
 * Input and the end of output come by interrupt. tty output is pushed into
 * the FIFO as far as it takes it; when it is full, the transmit interrupt is
 * turned on and tty_output_ready() asks for the rest. Console messages are
 * written by polling, with a limit, because they must get out even when
 * interrupts do not.
 *
 * Locks: uart.lock (RANK_CONSOLE, irq) covers the registers. tty_input and
 * tty_output_ready are called without it.
 * Source: TI PC16550D data sheet, section 8.
 */
#include <kernel/cpu.h>
#include <kernel/device.h>
#include <kernel/log.h>
#include <kernel/time.h>
#include <kernel/tty.h>
#include <kernel/chardev.h>

#define REG_DATA 0u
#define REG_IER  1u
#define REG_FCR  2u
#define REG_IIR  2u
#define REG_LCR  3u
#define REG_MCR  4u
#define REG_LSR  5u
#define REG_SCRATCH 7u

#define IER_RX   0x01u
#define IER_TX   0x02u
#define LSR_DATA 0x01u
#define LSR_BREAK 0x10u
#define LSR_THRE 0x20u
#define FIFO_LEN 16u
#define TTY_MAJOR 4u
#define TTY_MINOR 64u
#define SEND_LIMIT (10 * NS_PER_MS) /* a character takes 0.1 ms at 115200 */

struct uart {
	struct spinlock lock;
	struct dev_bytes regs; /* [I] */
	unsigned shift; /* [I] registers lie 1 << shift bytes apart */
	uint8_t ier; /* [l] */
	bool broken; /* [l] a break was told, its character not read yet */
	bool after_break; /* [l] the next character is for the kernel */
	struct tty *tty; /* [I] */
};

static struct uart *console; /* [I] */

static uint8_t
uart_get(struct uart *u, unsigned reg)
{
	return dev_get8(&u->regs, (size_t)reg << u->shift);
}

static void
uart_put(struct uart *u, unsigned reg, uint8_t v)
{
	dev_put8(&u->regs, (size_t)reg << u->shift, v);
}

static void
uart_set_ier(struct uart *u, uint8_t ier) REQUIRES(u->lock)
{
	if (ier == u->ier)
		return;
	u->ier = ier;
	uart_put(u, REG_IER, ier);
}

/* The line's status. Reading it forgets a break, whoever reads. */
static uint8_t
uart_status(struct uart *u) REQUIRES(u->lock)
{
	uint8_t status = uart_get(u, REG_LSR);

	if (status & LSR_BREAK)
		u->broken = true;
	return status;
}

/* ---- console ----------------------------------------------------------- */

static void
send_polled(struct uart *u, char c) REQUIRES(u->lock)
{
	ns_t end = arch_time() + SEND_LIMIT;

	while (!(uart_status(u) & LSR_THRE))
		if (arch_time() > end)
			return;
	uart_put(u, REG_DATA, (uint8_t)c);
}

static void
console_write(const char *s, size_t len)
{
	unsigned long flags = spin_lock_irq(&console->lock);

	for (size_t i = 0; i < len; i++) {
		if (s[i] == '\n')
			send_polled(console, '\r');
		send_polled(console, s[i]);
	}
	spin_unlock_irq(&console->lock, flags);
}

/* ---- tty --------------------------------------------------------------- */

static size_t
uart_tty_write(struct tty *t, const char *buf, size_t len)
{
	struct uart *u = tty_driver_data(t);
	unsigned long flags = spin_lock_irq(&u->lock);
	size_t n = 0;

	while (n < len && (uart_status(u) & LSR_THRE)) {
		size_t burst = MIN(len - n, FIFO_LEN);

		while (burst-- > 0)
			uart_put(u, REG_DATA, (uint8_t)buf[n++]);
	}
	uart_set_ier(u, n < len ? IER_RX | IER_TX : IER_RX);
	spin_unlock_irq(&u->lock, flags);
	return n;
}

static const struct tty_lower_ops uart_tty_ops = {
	.write = uart_tty_write,
};

static void
uart_irq(void *arg)
{
	struct uart *u = arg;
	char buf[64];
	size_t n = 0;
	char key = 0;
	bool room;
	unsigned long flags = spin_lock_irq(&u->lock);

	while (n < sizeof(buf) && (uart_status(u) & LSR_DATA)) {
		char c = (char)uart_get(u, REG_DATA);

		if (u->broken && c == '\0') {
			u->broken = false;
			u->after_break = true;
		} else if (u->after_break) {
			u->after_break = false;
			key = c;
		} else {
			buf[n++] = c;
		}
	}
	room = (u->ier & IER_TX) && (uart_status(u) & LSR_THRE);
	if (room)
		uart_set_ier(u, IER_RX);
	spin_unlock_irq(&u->lock, flags);

	if (key != 0)
		tty_sysrq(key);
	if (n > 0)
		tty_input(u->tty, buf, n);
	if (room)
		tty_output_ready(u->tty);
}

/* Is there one at all? The scratch register keeps what it is given. */
static bool
uart_answers(struct uart *u)
{
	uart_put(u, REG_SCRATCH, 0x5a);
	if (uart_get(u, REG_SCRATCH) != 0x5a)
		return false;
	uart_put(u, REG_SCRATCH, 0xa5);
	return uart_get(u, REG_SCRATCH) == 0xa5;
}

static enum err
uart_probe(struct device *d)
{
	struct uart *u = d->state;
	static unsigned count;
	unsigned len;
	const uint8_t *shift = dev_property(d, "reg-shift", &len);
	static const char *const names[] = { "ttyS0", "ttyS1", "ttyS2",
		"ttyS3" };
	unsigned long flags;
	enum err e;

	if (count == ARRAY_LEN(names))
		return ERR_NOSPC;
	spin_init(&u->lock, RANK_CONSOLE, "uart");
	u->shift = shift != NULL && len == 4 ? shift[3] & 7u : 0;
	e = dev_bytes(d, &u->regs);
	if (e != OK)
		return e;
	if (!uart_answers(u))
		return ERR_NODEV;
	u->tty = tty_create(names[count], RDEV(TTY_MAJOR, TTY_MINOR + count),
	    &uart_tty_ops, u);
	if (u->tty == NULL)
		return ERR_NOMEM;
	uart_put(u, REG_IER, 0);
	uart_put(u, REG_LCR, 0x03); /* 8 bits, no parity */
	uart_put(u, REG_FCR, 0x07); /* FIFOs on and empty */
	uart_put(u, REG_MCR, 0x0b); /* DTR, RTS, interrupt line */
	e = dev_irq(d, 0, uart_irq, u);
	if (e != OK)
		return e;
	flags = spin_lock_irq(&u->lock);
	uart_set_ier(u, IER_RX);
	spin_unlock_irq(&u->lock, flags);
	count++;
	if (tty_offer_console(u->tty)) {
		console = u;
		log_set_console(console_write);
	}
	return OK;
}

static void
uart_quiesce(struct device *d)
{
	struct uart *u = d->state;

	uart_put(u, REG_IER, 0);
}

static const struct dev_match uart_match[] = {
	{ .bus = "fdt", .id = "ns16550a" },
	{ .bus = "fdt", .id = "ns16550" },
	{ .bus = "acpi", .id = "isa-serial" },
	{ .bus = NULL },
};

static const struct driver ns16550 = {
	.name = "ns16550",
	.match = uart_match,
	.state_size = sizeof(struct uart),
	.probe = uart_probe,
	.quiesce = uart_quiesce,
	.order = 5,
};
DRIVER(ns16550);
