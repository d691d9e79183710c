/* Tells the host what the pins show, from outside the node, until it is killed:
 *   pinwatch TTY PIN..       PIN: file=/sys/.../value        a line of gpio-sim; may be a pattern
 *                                 i2c=/dev/i2c-N:ADDR:BIT    an output of a PCA9555, seen from the bench's adapter
 * A line at every change and every 100 ms: P MICROSECONDS LEVELS, microseconds of CLOCK_MONOTONIC, one character for each pin:
 * 0, 1, or - where it cannot be read. It looks every 5 ms; what is shorter is not seen. */
#include <fcntl.h>
#include <glob.h>
#include <linux/i2c-dev.h>
#include <linux/i2c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define MAXPINS 16

static struct pin {
	const char *path;
	int fd, address, bit;
} pins[MAXPINS];

static long long now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

/* Driven high: the latch says so and the pin is an output. */
static char expander(struct pin *p)
{
	unsigned char latch = 2 + p->bit / 8, inputs = 6 + p->bit / 8, value[2];
	struct i2c_msg m[4] = {
		{ p->address, 0, 1, &latch }, { p->address, I2C_M_RD, 1, &value[0] },
		{ p->address, 0, 1, &inputs }, { p->address, I2C_M_RD, 1, &value[1] },
	};
	struct i2c_rdwr_ioctl_data all = { m, 4 };

	if (ioctl(p->fd, I2C_RDWR, &all) != 4) return '-';
	return '0' + ((value[0] & ~value[1]) >> (p->bit % 8) & 1);
}

static int open_first(const char *pattern, int flags)
{
	glob_t found;
	int fd = -1;

	if (!glob(pattern, 0, NULL, &found)) {
		if (found.gl_pathc) fd = open(found.gl_pathv[0], flags);
		globfree(&found);
	}
	return fd;
}

static char look(struct pin *p)
{
	char value;

	if (p->fd < 0) p->fd = open_first(p->path, p->address ? O_RDWR : O_RDONLY);
	if (p->fd < 0) return '-';
	if (p->address) return expander(p);
	if (pread(p->fd, &value, 1, 0) == 1) return value;
	/* The chip was unplugged; its file comes back as another. */
	close(p->fd);
	p->fd = -1;
	return '-';
}

int main(int c, char **v)
{
	char was[MAXPINS + 1] = "", is[MAXPINS + 1] = "";
	long long told = 0;
	struct termios raw;
	int tty, n = 0, i;

	for (i = 2; i < c && n < MAXPINS; i++, n++) {
		struct pin *p = &pins[n];
		char *s = strchr(v[i], '=');

		p->fd = -1;
		p->path = s + 1;
		if (strncmp(v[i], "i2c=", 4)) continue;
		p->path = strtok(s + 1, ":");
		p->address = strtol(strtok(NULL, ":"), NULL, 0);
		p->bit = atoi(strtok(NULL, ":"));
	}
	tty = open(v[1], O_WRONLY | O_NOCTTY);
	if (tty < 0 || n == 0) { perror(v[1]); return 1; }
	if (!tcgetattr(tty, &raw)) {
		cfmakeraw(&raw);
		cfsetspeed(&raw, B115200);
		tcsetattr(tty, TCSANOW, &raw);
	}
	for (;;) {
		long long now = now_us();

		for (i = 0; i < n; i++) is[i] = look(&pins[i]);
		if (strcmp(is, was) || now - told >= 100000) {
			dprintf(tty, "P %lld %s\n", now, is);
			strcpy(was, is);
			told = now;
		}
		usleep(5000);
	}
}
