// SPDX-License-Identifier: GPL-2.0-only
/*
 * A pair of virtual I2C buses for the test rig. "rig-i2c dut" is for the program under test and for kernel drivers; "rig-i2c bench"
 * shows the same chips to the test, has no drivers bound and knows no faults. All of I2C_RDWR, read(), write() and SMBus work.
 *
 *   chips=ADDR:KIND,..   what answers at which address:
 *     8          256 byte registers, the pointer counts on (BME280, PCA9685)
 *     16         word registers, high byte first (INA219, LM75)
 *     16l        word registers, low byte first (VEML7700)
 *     c1, c2     commands of one or two bytes, then a plain read (BH1750; SHT3x). The bench teaches the answers: it writes the command
 *                followed by the bytes to answer. A command without an answer reads 0xff; reading before any command is not acknowledged.
 *     ads1115    16; the conversion register shows word 0x10 + MUX, which the bench sets
 *     pca9555    16 pins: an input register shows the output latch where a pin is an output, and else what the bench last wrote to that
 *                input register, which is how the bench drives a pin. Registers go on within their pair.
 *     mcp23017   the same with the MCP23017's registers (IOCON.BANK = 0); the bench drives pins by writing GPIOA and GPIOB
 *
 * Faults on the dut bus, all writable in /sys/module/rig_i2c/parameters:
 *   nak=ADDR    that address does not acknowledge: ENXIO (0: none)
 *   fail=ERRNO  every transfer ends so, for example 5
 *   stuck=1     SDA is held low: every transfer ends with ETIMEDOUT
 *   hang=MS     every transfer first sleeps that long, and no signal wakes it
 * xfers counts transfers on the dut bus. /sys/kernel/debug/rig_i2c/log holds them, one message a line: microseconds of CLOCK_MONOTONIC,
 * address, R or W, bytes. It starts anew when it is full (64 KiB); writing anything to it clears it.
 */
#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/i2c.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#define MAXCHIPS 24
#define MAXANSWERS 16
#define MAXANSWER 16
#define LOGMAX (64 * 1024)

static char *chips[MAXCHIPS];
static int nchips;
module_param_array(chips, charp, &nchips, 0444);
static ushort nak;
module_param(nak, ushort, 0644);
static int fail;
module_param(fail, int, 0644);
static bool stuck;
module_param(stuck, bool, 0644);
static uint hang;
module_param(hang, uint, 0644);
static uint xfers;
module_param(xfers, uint, 0444);

enum kind { BYTES, WORDS, WORDS_LOW, COMMAND1, COMMAND2, ADS1115, PCA9555, MCP23017 };
static const char * const kind_names[] = { "8", "16", "16l", "c1", "c2", "ads1115", "pca9555", "mcp23017" };

struct answer {
	u16 command;
	u8 len;
	u8 data[MAXANSWER];
};

static struct chip {
	u16 addr;
	enum kind kind;
	u8 ptr;
	u8 b[256];
	u16 w[256];
	u8 pins[2];		/* what the world drives onto an expander's inputs */
	struct answer answers[MAXANSWERS];
	int nanswers;
	u16 command;		/* the last one on the dut bus */
	bool commanded;
} *c;
static int nc;
static DEFINE_MUTEX(lock);	/* chips and log */
static char *logbuf;
static size_t loglen;
static struct dentry *dir;

static void log_message(const struct i2c_msg *m)
{
	int i;

	if (loglen > LOGMAX - 1024)
		loglen = 0;
	loglen += scnprintf(logbuf + loglen, LOGMAX - loglen, "%lld %02x %c", ktime_to_us(ktime_get()), m->addr, m->flags & I2C_M_RD ? 'R' : 'W');
	for (i = 0; i < m->len && i < 256; i++)
		loglen += scnprintf(logbuf + loglen, LOGMAX - loglen, " %02x", m->buf[i]);
	loglen += scnprintf(logbuf + loglen, LOGMAX - loglen, "\n");
}

/* The input registers of an expander follow its pins, and a pin follows its latch where it is an output. */
static void settle(struct chip *p)
{
	int port;

	for (port = 0; port < 2; port++) {
		u8 inputs, latch, level;

		if (p->kind == PCA9555) {
			inputs = p->b[6 + port];
			latch = p->b[2 + port];
			level = (latch & ~inputs) | (p->pins[port] & inputs);
			p->b[port] = level ^ p->b[4 + port];
		} else {
			inputs = p->b[port];
			latch = p->b[0x14 + port];
			level = (latch & ~inputs) | (p->pins[port] & inputs);
			p->b[0x12 + port] = level ^ p->b[2 + port];
		}
	}
}

static void write_byte(struct chip *p, u8 value, bool bench)
{
	u8 at = p->ptr;

	switch (p->kind) {
	case PCA9555:
		if (at >= 2)
			p->b[at] = value;
		else if (bench)
			p->pins[at] = value;
		p->ptr = (at & ~1) | ((at + 1) & 1);
		settle(p);
		break;
	case MCP23017:
		if ((at == 0x12 || at == 0x13) && bench)
			p->pins[at - 0x12] = value;
		else if (at == 0x12 || at == 0x13)
			p->b[at + 2] = value;	/* a write to GPIO goes to the latch */
		else if (at == 0x0a || at == 0x0b)
			p->b[0x0a] = p->b[0x0b] = value;	/* IOCON has two addresses */
		else
			p->b[at] = value;
		p->ptr = at >= 0x15 ? 0 : at + 1;
		settle(p);
		break;
	default:
		p->b[p->ptr++] = value;
	}
}

static u8 read_byte(struct chip *p)
{
	u8 at = p->ptr;

	if (p->kind == PCA9555)
		p->ptr = (at & ~1) | ((at + 1) & 1);
	else if (p->kind == MCP23017)
		p->ptr = at >= 0x15 ? 0 : at + 1;
	else
		p->ptr = at + 1;
	return p->b[at];
}

static u16 word(const struct chip *p)
{
	/* ADS1115: config register, bits 14:12 MUX */
	return p->kind == ADS1115 && p->ptr == 0 ? p->w[0x10 + ((p->w[1] >> 12) & 7)] : p->w[p->ptr];
}

static struct answer *find_answer(struct chip *p, u16 command)
{
	int i;

	for (i = 0; i < p->nanswers; i++)
		if (p->answers[i].command == command)
			return &p->answers[i];
	return NULL;
}

static int command_message(struct chip *p, struct i2c_msg *m, bool bench)
{
	int size = p->kind == COMMAND2 ? 2 : 1;
	struct answer *a;
	u16 command;

	if (m->flags & I2C_M_RD) {
		if (!p->commanded)
			return -ENXIO;
		a = find_answer(p, p->command);
		memset(m->buf, 0xff, m->len);
		if (a)
			memcpy(m->buf, a->data, min_t(int, m->len, a->len));
		return 0;
	}
	if (m->len < size)
		return 0;
	command = size == 2 ? m->buf[0] << 8 | m->buf[1] : m->buf[0];
	if (!bench) {
		p->command = command;
		p->commanded = true;
		return 0;
	}
	a = find_answer(p, command);
	if (!a && p->nanswers < MAXANSWERS) {
		a = &p->answers[p->nanswers++];
		a->command = command;
	}
	if (!a || m->len - size > MAXANSWER)
		return -ENOSPC;
	a->len = m->len - size;
	memcpy(a->data, m->buf + size, a->len);
	return 0;
}

static int message(struct chip *p, struct i2c_msg *m, bool bench)
{
	int i;

	switch (p->kind) {
	case COMMAND1:
	case COMMAND2:
		return command_message(p, m, bench);
	case WORDS:
	case WORDS_LOW:
	case ADS1115:
		if (m->flags & I2C_M_RD) {
			for (i = 0; i < m->len; i++)
				m->buf[i] = (i & 1) == (p->kind == WORDS_LOW) ? word(p) >> 8 : word(p) & 0xff;
			return 0;
		}
		if (m->len)
			p->ptr = m->buf[0];
		for (i = 1; i < m->len; i++) {
			if ((i & 1) == (p->kind != WORDS_LOW))
				p->w[p->ptr] = (p->w[p->ptr] & 0x00ff) | m->buf[i] << 8;
			else
				p->w[p->ptr] = (p->w[p->ptr] & 0xff00) | m->buf[i];
		}
		return 0;
	default:
		if (m->flags & I2C_M_RD) {
			for (i = 0; i < m->len; i++)
				m->buf[i] = read_byte(p);
			return 0;
		}
		if (m->len)
			p->ptr = m->buf[0];
		for (i = 1; i < m->len; i++)
			write_byte(p, m->buf[i], bench);
		return 0;
	}
}

static int xfer(struct i2c_adapter *a, struct i2c_msg *msgs, int num)
{
	bool bench = a->algo_data != NULL;
	int i, k, ret = num;

	/* Outside our lock: a hung dut bus must not take the bench with it. */
	if (!bench && hang)
		msleep(hang);
	if (!bench && stuck)
		return -ETIMEDOUT;
	if (!bench && fail)
		return -fail;

	mutex_lock(&lock);
	for (i = 0; i < num; i++) {
		struct chip *p = NULL;
		int err;

		for (k = 0; k < nc; k++)
			if (c[k].addr == msgs[i].addr)
				p = &c[k];
		err = !p || (!bench && nak == msgs[i].addr) ? -ENXIO : message(p, &msgs[i], bench);
		if (err) {
			ret = err;
			break;
		}
		if (!bench)
			log_message(&msgs[i]);
	}
	if (!bench)
		xfers++;
	mutex_unlock(&lock);
	return ret;
}

static u32 func(struct i2c_adapter *a)
{
	return I2C_FUNC_I2C | I2C_FUNC_SMBUS_EMUL;
}

static const struct i2c_algorithm algo = { .master_xfer = xfer, .functionality = func };
static struct i2c_adapter dut = { .owner = THIS_MODULE, .algo = &algo, .name = "rig-i2c dut" };
static struct i2c_adapter bench = { .owner = THIS_MODULE, .algo = &algo, .name = "rig-i2c bench" };

static ssize_t log_read(struct file *f, char __user *u, size_t n, loff_t *o)
{
	ssize_t r;

	mutex_lock(&lock);
	r = simple_read_from_buffer(u, n, o, logbuf, loglen);
	mutex_unlock(&lock);
	return r;
}

static ssize_t log_write(struct file *f, const char __user *u, size_t n, loff_t *o)
{
	mutex_lock(&lock);
	loglen = 0;
	mutex_unlock(&lock);
	return n;
}

static const struct file_operations log_fops = { .owner = THIS_MODULE, .read = log_read, .write = log_write };

static int add_chip(const char *text)
{
	unsigned int addr;
	char name[12] = "8";
	int i;

	if (sscanf(text, "%i:%11s", &addr, name) < 1 || addr < 3 || addr > 0x77)
		return -EINVAL;
	for (i = 0; i < ARRAY_SIZE(kind_names) && strcmp(kind_names[i], name); i++)
		;
	if (i == ARRAY_SIZE(kind_names))
		return -EINVAL;
	c[nc].addr = addr;
	c[nc].kind = i;
	if (i == PCA9555) {	/* as at power-on: all inputs, held high by the chip's own pull-ups */
		memset(c[nc].b + 2, 0xff, 2);
		memset(c[nc].b + 6, 0xff, 2);
		memset(c[nc].pins, 0xff, 2);
		settle(&c[nc]);
	} else if (i == MCP23017) {
		memset(c[nc].b, 0xff, 2);
	}
	nc++;
	return 0;
}

static int __init rig_i2c_init(void)
{
	int i, ret = -ENOMEM;

	c = kcalloc(MAXCHIPS, sizeof(*c), GFP_KERNEL);
	logbuf = kmalloc(LOGMAX, GFP_KERNEL);
	if (!c || !logbuf)
		goto err;
	for (i = 0; i < nchips; i++) {
		ret = add_chip(chips[i]);
		if (ret)
			goto err;
	}
	ret = i2c_add_adapter(&dut);
	if (ret)
		goto err;
	bench.algo_data = &bench;
	ret = i2c_add_adapter(&bench);
	if (ret) {
		i2c_del_adapter(&dut);
		goto err;
	}
	dir = debugfs_create_dir("rig_i2c", NULL);
	debugfs_create_file("log", 0600, dir, NULL, &log_fops);
	return 0;
err:
	kfree(c);
	kfree(logbuf);
	return ret;
}

static void __exit rig_i2c_exit(void)
{
	debugfs_remove_recursive(dir);
	i2c_del_adapter(&bench);
	i2c_del_adapter(&dut);
	kfree(c);
	kfree(logbuf);
}

module_init(rig_i2c_init);
module_exit(rig_i2c_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("virtual I2C bus pair for the test rig");
