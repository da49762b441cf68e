/*
 * Arm's PL011 UART: a tty's lower side and the kernel's console.
 *
 * Input and the end of output come by interrupt. tty output is pushed into
 * the FIFO as far as it takes it; when it is full, the transmit interrupt is
 * turned on and tty_output_ready() asks for the rest. Console messages are
 * written by polling, with a limit, because they must get out even when
 * interrupts do not. The line's speed is left as the firmware set it.
 *
 * Locks: uart.lock (RANK_CONSOLE, irq) covers the registers. tty_input and
 * tty_output_ready are called without it.
 * Source: Arm DDI 0183G, chapter 3.
 */
#include <kernel/chardev.h>
#include <kernel/cpu.h>
#include <kernel/device.h>
#include <kernel/log.h>
#include <kernel/time.h>
#include <kernel/tty.h>

#define REG_DATA  0x00u
#define REG_FLAGS 0x18u
#define REG_LINE  0x2cu
#define REG_CTRL  0x30u
#define REG_LEVEL 0x34u
#define REG_MASK  0x38u
#define REG_CLEAR 0x44u

#define DATA_BREAK   0x400u
#define FLAG_RXEMPTY 0x10u
#define FLAG_TXFULL  0x20u
#define LINE_8_FIFO  0x70u /* 8 bits, FIFOs on */
#define CTRL_ON      0x301u /* UART, transmitter, receiver */
#define CTRL_LINES   0xc00u /* DTR and RTS */
#define IRQ_RX       0x50u /* FIFO above its level, or old contents */
#define IRQ_TX       0x20u
#define LEVEL_EARLY  0x00u /* receive and transmit at an eighth */
#define TTY_MAJOR    204u /* ttyAMA, as Linux numbers them */
#define TTY_MINOR    64u
#define SEND_LIMIT (10 * NS_PER_MS) /* a character takes 0.1 ms at 115200 */

struct uart {
	struct spinlock lock;
	volatile void *regs; /* [I] */
	uint32_t mask; /* [l] interrupts that are on */
	bool after_break; /* [l] the next character is for the kernel */
	struct tty *tty; /* [I] */
};

static struct uart *console; /* [I] */

static void
uart_set_mask(struct uart *u, uint32_t mask) REQUIRES(u->lock)
{
	if (mask == u->mask)
		return;
	u->mask = mask;
	mmio_write32(u->regs, REG_MASK, mask);
}

static bool
uart_full(const struct uart *u)
{
	return (mmio_read32(u->regs, REG_FLAGS) & FLAG_TXFULL) != 0;
}

/* ---- console ----------------------------------------------------------- */

static void
send_polled(struct uart *u, char c)
{
	ns_t end = arch_time() + SEND_LIMIT;

	while (uart_full(u))
		if (arch_time() > end)
			return;
	mmio_write32(u->regs, REG_DATA, (uint8_t)c);
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

	while (n < len && !uart_full(u))
		mmio_write32(u->regs, REG_DATA, (uint8_t)buf[n++]);
	uart_set_mask(u, n < len ? IRQ_RX | IRQ_TX : IRQ_RX);
	spin_unlock_irq(&u->lock, flags);
	return n;
}

static const struct tty_lower_ops uart_tty_ops = {
	.write = uart_tty_write,
};

/* ---- interrupts -------------------------------------------------------- */

static bool
uart_empty(const struct uart *u)
{
	return (mmio_read32(u->regs, REG_FLAGS) & FLAG_RXEMPTY) != 0;
}

/* Up to len characters of input; what follows a break goes to *key. */
static size_t
receive(struct uart *u, char *buf, size_t len, char *key) REQUIRES(u->lock)
{
	size_t n = 0;

	while (n < len && !uart_empty(u)) {
		uint32_t data = mmio_read32(u->regs, REG_DATA);

		if (data & DATA_BREAK) {
			u->after_break = true;
		} else if (u->after_break) {
			u->after_break = false;
			*key = (char)data;
		} else {
			buf[n++] = (char)data;
		}
	}
	return n;
}

/* False: the FIFO is not empty yet. */
static bool
serve(struct uart *u)
{
	char buf[64], key = 0;
	size_t n;
	bool room, done;
	unsigned long flags = spin_lock_irq(&u->lock);

	/* Before the FIFO is read: what comes behind our last look into it
	 * must find its interrupt clear. */
	mmio_write32(u->regs, REG_CLEAR, IRQ_RX);
	n = receive(u, buf, sizeof(buf), &key);
	done = uart_empty(u);
	room = (u->mask & IRQ_TX) && !uart_full(u);
	if (room)
		uart_set_mask(u, IRQ_RX);
	spin_unlock_irq(&u->lock, flags);

	if (key != 0)
		tty_sysrq(key);
	if (n > 0)
		tty_input(u->tty, buf, n);
	if (room)
		tty_output_ready(u->tty);
	return done;
}

/* A full FIFO raises no further interrupt: it is emptied. */
static void
uart_irq(void *arg)
{
	while (!serve(arg))
		;
}

static enum err
uart_probe(struct device *d)
{
	struct uart *u = d->state;
	static unsigned count;
	static const char *const names[] = { "ttyAMA0", "ttyAMA1", "ttyAMA2",
		"ttyAMA3" };
	unsigned long flags;
	enum err e;

	if (count == ARRAY_LEN(names))
		return ERR_NOSPC;
	spin_init(&u->lock, RANK_CONSOLE, "uart");
	u->regs = dev_map(d, 0);
	if (u->regs == NULL)
		return ERR_NODEV;
	u->tty = tty_create(names[count], RDEV(TTY_MAJOR, TTY_MINOR + count),
	    &uart_tty_ops, u);
	if (u->tty == NULL)
		return ERR_NOMEM;
	mmio_write32(u->regs, REG_MASK, 0);
	mmio_write32(u->regs, REG_LINE, LINE_8_FIFO);
	mmio_write32(u->regs, REG_LEVEL, LEVEL_EARLY);
	mmio_write32(u->regs, REG_CTRL, CTRL_ON | CTRL_LINES);
	e = dev_irq(d, 0, uart_irq, u);
	if (e != OK)
		return e;
	flags = spin_lock_irq(&u->lock);
	uart_set_mask(u, IRQ_RX);
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

	mmio_write32(u->regs, REG_MASK, 0);
}

static const struct dev_match uart_match[] = {
	{ .bus = "fdt", .id = "arm,pl011" },
	{ .bus = NULL },
};

static const struct driver pl011 = {
	.name = "pl011",
	.match = uart_match,
	.state_size = sizeof(struct uart),
	.probe = uart_probe,
	.quiesce = uart_quiesce,
	.order = 5,
};
DRIVER(pl011);
