/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages without stdio: the runtime may not call into libc's locks. */
#include "config.h"

#include "base/log.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/compiler.h"
#include "base/raw.h"

int zag_log_level = ZAG_LOG_WARN;
int zag_log_fd = 2;
const char *zag_log_name;

struct out {
	char *at, *end;
};

static void put(struct out *o, char c)
{
	if (o->at < o->end)
		*o->at++ = c;
}

static void put_str(struct out *o, const char *s)
{
	while (*s)
		put(o, *s++);
}

static void put_num(struct out *o, uint64_t n, unsigned base)
{
	char digits[24];
	int i = 0;

	do {
		digits[i++] = "0123456789abcdef"[n % base];
		n /= base;
	} while (n);
	while (i)
		put(o, digits[--i]);
}

static void put_int(struct out *o, int64_t n)
{
	if (n < 0)
		put(o, '-');
	put_num(o, n < 0 ? -(uint64_t)n : (uint64_t)n, 10);
}

static const char *put_arg(struct out *o, const char *fmt, va_list *ap)
{
	bool wide = *fmt == 'l';

	if (wide)
		fmt++;
	switch (*fmt) {
	case 's':
		put_str(o, va_arg(*ap, const char *));
		break;
	case 'c':
		put(o, (char)va_arg(*ap, int));
		break;
	case 'd':
		put_int(o, wide ? va_arg(*ap, long) : va_arg(*ap, int));
		break;
	case 'u':
		put_num(o, wide ? va_arg(*ap, unsigned long)
				: va_arg(*ap, unsigned), 10);
		break;
	case 'x':
		put_num(o, wide ? va_arg(*ap, unsigned long)
				: va_arg(*ap, unsigned), 16);
		break;
	case 'p':
		put_str(o, "0x");
		put_num(o, (uintptr_t)va_arg(*ap, void *), 16);
		break;
	default:
		put(o, *fmt);
	}
	return fmt + 1;
}

size_t zag_vformat(char *buf, size_t size, const char *fmt, va_list ap)
{
	struct out o = { buf, buf + size - 1 };
	va_list args;

	va_copy(args, ap);
	while (*fmt) {
		if (*fmt == '%' && fmt[1])
			fmt = put_arg(&o, fmt + 1, &args);
		else
			put(&o, *fmt++);
	}
	va_end(args);
	*o.at = '\0';
	return (size_t)(o.at - buf);
}

size_t zag_format(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;
	size_t n;

	va_start(ap, fmt);
	n = zag_vformat(buf, size, fmt, ap);
	va_end(ap);
	return n;
}

void zag_log(enum zag_log_level level, const char *fmt, ...)
{
	char line[512];
	va_list ap;
	size_t n;

	if ((int)level > zag_log_level)
		return;
	n = zag_format(line, sizeof(line), "zagshim%s%s[%d]: ",
		       zag_log_name ? " " : "",
		       zag_log_name ? zag_log_name : "",
		       (int)zag_raw(SYS_getpid));
	va_start(ap, fmt);
	n += zag_vformat(line + n, sizeof(line) - n - 1, fmt, ap);
	va_end(ap);
	line[n++] = '\n';
	zag_raw(SYS_write, zag_log_fd, line, n);
}

void zag_bug(const char *what, const char *file, int line)
{
	zag_log(ZAG_LOG_ERROR, "BUG: %s (%s:%d)", what, file, line);
	__builtin_trap();
}
