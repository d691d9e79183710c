/* A Modbus RTU field sensor at the far end of a serial line:  modbus TTY UNIT FILE
 * FILE holds the registers, one "ADDRESS VALUE" a line, and is read anew for each request; functions 3 and 4 read them, 6 and 16 write
 * them back. Lines that make it misbehave: "silent" (no answer), "badcrc", "exception N". A register that is not there is exception 2. */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static int registers[65536];
static int silent, badcrc, exception;

static void load(const char *file)
{
	char line[80];
	FILE *f = fopen(file, "r");
	int address, value;

	memset(registers, 0xff, sizeof registers);
	silent = badcrc = exception = 0;
	while (f && fgets(line, sizeof line, f)) {
		if (!strncmp(line, "silent", 6)) silent = 1;
		else if (!strncmp(line, "badcrc", 6)) badcrc = 1;
		else if (sscanf(line, "exception %d", &value) == 1) exception = value;
		else if (sscanf(line, "%i %i", &address, &value) == 2) registers[address & 0xffff] = value & 0xffff;
	}
	if (f) fclose(f);
}

static void save(const char *file)
{
	FILE *f = fopen(file, "w");

	for (int i = 0; f && i < 65536; i++)
		if (registers[i] >= 0) fprintf(f, "%d %d\n", i, registers[i]);
	if (f) fclose(f);
}

static unsigned crc16(const unsigned char *b, int n) /* Modbus over Serial Line V1.02, 6.2.2 */
{
	unsigned crc = 0xffff;

	while (n--) {
		crc ^= *b++;
		for (int i = 0; i < 8; i++) crc = crc & 1 ? crc >> 1 ^ 0xa001 : crc >> 1;
	}
	return crc;
}

/* The answer to a whole request without its checksum; returns its length. */
static int answer(const unsigned char *q, unsigned char *a, const char *file)
{
	int function = q[1], at = q[2] << 8 | q[3], count = q[4] << 8 | q[5], n = 3;

	a[0] = q[0];
	a[1] = function;
	if (exception) { a[1] |= 0x80; a[2] = exception; return 3; }
	switch (function) {
	case 3:
	case 4:
		if (count < 1 || count > 125) { a[1] |= 0x80; a[2] = 3; return 3; }
		a[2] = count * 2;
		for (int i = 0; i < count; i++) {
			int r = registers[(at + i) & 0xffff];

			if (r < 0) { a[1] |= 0x80; a[2] = 2; return 3; }
			a[n++] = r >> 8;
			a[n++] = r;
		}
		return n;
	case 6:
	case 16:
		for (int i = 0; i < (function == 6 ? 1 : count); i++)
			registers[(at + i) & 0xffff] = function == 6 ? count : q[7 + 2 * i] << 8 | q[8 + 2 * i];
		save(file);
		memcpy(a + 2, q + 2, 4);
		return 6;
	default:
		a[1] |= 0x80;
		a[2] = 1;
		return 3;
	}
}

int main(int c, char **v)
{
	unsigned char q[260], a[260];
	struct termios t;
	int n = 0, fd = c == 4 ? open(v[1], O_RDWR | O_NOCTTY) : -1;

	if (fd < 0 || tcgetattr(fd, &t)) { perror(c > 1 ? v[1] : "modbus"); return 1; }
	cfmakeraw(&t);
	tcsetattr(fd, TCSANOW, &t);
	for (;;) {
		struct pollfd p = { fd, POLLIN, 0 };
		int want, size;

		/* A gap ends a frame, whole or not. On an emulated processor a gap is long. */
		if (poll(&p, 1, n ? 100 : -1) == 0) { n = 0; continue; }
		size = read(fd, q + n, sizeof q - n);
		if (size <= 0) return 1;
		n += size;
		want = n < 2 ? 8 : q[1] == 16 ? (n < 7 ? 9 : 9 + q[6]) : 8;
		if (n < want) continue;
		n = 0;
		if (q[0] != atoi(v[2]) || crc16(q, want - 2) != (unsigned)(q[want - 2] | q[want - 1] << 8)) continue;
		load(v[3]);
		if (silent) continue;
		size = answer(q, a, v[3]);
		want = crc16(a, size) ^ (badcrc ? 1 : 0);
		a[size++] = want & 0xff;
		a[size++] = want >> 8;
		if (write(fd, a, size) != size) return 1;
	}
}
