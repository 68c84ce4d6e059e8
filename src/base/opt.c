/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads options from text, with a reason and a suggestion when it cannot. */
#include "config.h"

#include "base/opt.h"

#include <errno.h>
#include <string.h>

#include "base/nearest.h"

#define INIT_BOOL(d) (d)
#define INIT_WORD(d) d
#define INIT_UINT(d) (d)
#define INIT_SIZE(d) (d)
#define INIT_TIME(d) (d)
#define INIT_STR(d) d
#define INIT_FILE(d) d
#define INIT_LOG(d) { .level = (d) }
#define INIT_GRACE(d) { .time = (d) }

#define ZAG_OPT(field, name, type, def, min, max, zero, unit, arg, key, doc) \
	.field = INIT_##type(def),
struct zag_opt zag_opt = {
#include "base/opt.def"
};
const struct zag_opt zag_opt_default = {
#include "base/opt.def"
};
#undef ZAG_OPT

#define ZAG_OPT(field, name, type, def, min, max, zero, unit, arg, key, doc) \
	{ name, arg, doc, unit, zero, min, max,                              \
	  offsetof(struct zag_opt, field), ZAG_OPT_##type, key },
const struct zag_opt_row zag_opt_table[] = {
#include "base/opt.def"
};
#undef ZAG_OPT

const unsigned int zag_opt_count =
	sizeof(zag_opt_table) / sizeof(zag_opt_table[0]);

static const char *const levels[] = { "error", "warn", "info", "debug" };

static const struct word {
	const char *word;
	bool value;
} bools[] = {
	{ "1", true },	 { "0", false },  { "yes", true },  { "no", false },
	{ "on", true },	 { "off", false }, { "true", true }, { "false", false },
};

struct unit {
	const char *suffix;
	uint64_t factor;
};

static const struct unit size_units[] = {
	{ "", 1 }, { "k", 1ULL << 10 }, { "m", 1ULL << 20 },
	{ "g", 1ULL << 30 }, { NULL, 0 },
};

/* A time without a unit would be read as seconds by some, as ms by others. */
static const struct unit time_units[] = {
	{ "ns", 1 }, { "us", 1000 }, { "ms", 1000000 },
	{ "s", 1000000000 }, { "m", 60000000000 }, { NULL, 0 },
};

static const struct unit no_units[] = { { "", 1 }, { NULL, 0 } };

/* Text growing in a buffer of ZAG_OPT_TEXT_SIZE; what is too long is cut. */
struct text {
	char *buf;
	size_t len;
};

static void put(struct text *t, const char *s)
{
	while (*s && t->len + 1 < ZAG_OPT_TEXT_SIZE)
		t->buf[t->len++] = *s++;
	t->buf[t->len] = '\0';
}

static void put_number(struct text *t, uint64_t n)
{
	char digits[24];
	char *p = digits + sizeof(digits);

	*--p = '\0';
	do {
		*--p = (char)('0' + n % 10);
		n /= 10;
	} while (n);
	put(t, p);
}

static const struct unit *units_of(const struct zag_opt_row *row)
{
	if (row->type == ZAG_OPT_SIZE)
		return size_units;
	return row->type == ZAG_OPT_TIME || row->type == ZAG_OPT_GRACE ?
		       time_units :
		       no_units;
}

/* In the largest unit that divides it. */
static void put_value(struct text *t, const struct zag_opt_row *row,
		      uint64_t value)
{
	const struct unit *u, *best = units_of(row);

	for (u = best; u->suffix; u++)
		if (value && value % u->factor == 0)
			best = u;
	put_number(t, value / best->factor);
	put(t, best->suffix);
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool same_word(const char *a, const char *b)
{
	while (*a && lower(*a) == lower(*b)) {
		a++;
		b++;
	}
	return !*a && !*b;
}

static void *field_of(const struct zag_opt_row *row, struct zag_opt *opt)
{
	return (char *)opt + row->offset;
}

/* ---- numbers -------------------------------------------------------- */

static int bad_number(const struct zag_opt_row *row, struct text *t)
{
	static const char *const example[] = {
		[ZAG_OPT_UINT] = "not a number",
		[ZAG_OPT_SIZE] = "not a size such as 65536, 64k, 1m or 2g",
		[ZAG_OPT_TIME] = "not a time such as 500us, 20ms, 3s or 1m",
		[ZAG_OPT_GRACE] = "not a time such as 3s, nor one such as "
				  "3s,always",
	};

	put(t, example[row->type]);
	put(t, "; use ");
	put_value(t, row, row->min);
	put(t, " to ");
	put_value(t, row, row->max);
	if (row->zero) {
		put(t, ", or ");
		put(t, row->zero);
	}
	return -EINVAL;
}

static int out_of_range(const struct zag_opt_row *row, bool low,
			struct text *t)
{
	put(t, low ? "too small; the least is " : "too large; the most is ");
	put_value(t, row, low ? row->min : row->max);
	return -EINVAL;
}

static int parse_number(const struct zag_opt_row *row, const char *s,
			uint64_t *value, struct text *t)
{
	const struct unit *u;
	uint64_t n = 0;
	bool over = false;
	const char *p;

	if (row->zero && same_word(s, row->zero)) {
		*value = 0;
		return 0;
	}
	for (p = s; *p >= '0' && *p <= '9'; p++) {
		over |= __builtin_mul_overflow(n, 10, &n);
		over |= __builtin_add_overflow(n, (uint64_t)(*p - '0'), &n);
	}
	if (p == s)
		return bad_number(row, t);
	for (u = units_of(row); u->suffix; u++)
		if (same_word(p, u->suffix))
			break;
	if (!u->suffix)
		return bad_number(row, t);
	over |= __builtin_mul_overflow(n, u->factor, &n);
	if (over || n > row->max)
		return out_of_range(row, false, t);
	if (n < row->min)
		return out_of_range(row, true, t);
	*value = n;
	return 0;
}

/* TIME or TIME,always */
static int parse_grace(const struct zag_opt_row *row, const char *s,
		       struct zag_opt_grace *grace, struct text *t)
{
	size_t n = strcspn(s, ",");
	char time[32];

	if (n >= sizeof(time) || (s[n] && !same_word(s + n, ",always")))
		return bad_number(row, t);
	memcpy(time, s, n);
	time[n] = '\0';
	if (parse_number(row, time, &grace->time, t))
		return -EINVAL;
	grace->always = s[n] != '\0';
	return 0;
}

/* ---- words ---------------------------------------------------------- */

static int parse_bool(const char *s, bool *value, struct text *t)
{
	size_t i;

	for (i = 0; i < sizeof(bools) / sizeof(bools[0]); i++) {
		if (same_word(s, bools[i].word)) {
			*value = bools[i].value;
			return 0;
		}
	}
	put(t, "neither yes nor no; use 1 or 0");
	return -EINVAL;
}

static int parse_string(const struct zag_opt_row *row, const char *s,
			char *value, struct text *t)
{
	size_t n = strnlen(s, row->max + 1);

	if (n > row->max) {
		put(t, "too long; the most is ");
		put_number(t, row->max);
		put(t, " characters");
		return -EINVAL;
	}
	memcpy(value, s, n);
	value[n] = '\0';
	return 0;
}

static const char *nearest_level(const char *word)
{
	unsigned int best = ~0U;
	const char *level = NULL;
	size_t i;

	for (i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
		unsigned int d = zag_distance(word, levels[i]);

		/* "warning" and "err" mean what they look like. */
		if (!strncmp(word, levels[i], 3))
			d = 0;
		if (d < best) {
			best = d;
			level = levels[i];
		}
	}
	return zag_distance_is_near(word, best) ? level : NULL;
}

static int parse_log(const struct zag_opt_row *row, const char *s,
		     struct zag_opt_log *log, struct text *t)
{
	char word[16];
	size_t n = strcspn(s, ":");
	const char *near;
	size_t i;

	if (s[n] == ':' && !s[n + 1]) {
		put(t, "no file after the colon; use LEVEL or LEVEL:FILE");
		return -EINVAL;
	}
	n = n < sizeof(word) ? n : sizeof(word) - 1;
	memcpy(word, s, n);
	word[n] = '\0';
	for (i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
		if (!same_word(word, levels[i]))
			continue;
		if (parse_string(row, s[n] ? s + n + 1 : "", log->file, t))
			return -EINVAL;
		log->level = (enum zag_log_level)i;
		return 0;
	}
	near = nearest_level(word);
	put(t, "no log level; ");
	put(t, near ? "did you mean " : "use error, warn, info or debug");
	if (near) {
		put(t, near);
		put(t, "?");
	}
	return -EINVAL;
}

/* The n-th of "FIRST|SECOND", and its length; NULL: there are fewer. */
static const char *nth_word(const char *words, uint64_t n, size_t *len)
{
	for (; n; n--) {
		words += strcspn(words, "|");
		if (!*words++)
			return NULL;
	}
	*len = strcspn(words, "|");
	return words;
}

static int parse_word(const struct zag_opt_row *row, const char *s,
		      uint64_t *value, struct text *t)
{
	const char *word;
	size_t len;

	for (uint64_t n = 0; (word = nth_word(row->arg, n, &len)); n++) {
		if (strlen(s) == len && !strncmp(s, word, len)) {
			*value = n;
			return 0;
		}
	}
	put(t, "not one of ");
	put(t, row->arg);
	return -EINVAL;
}

static void put_word(struct text *t, const char *words, uint64_t n)
{
	size_t len = 0;
	const char *word = nth_word(words, n, &len);
	char copy[16] = { 0 };

	if (word)
		memcpy(copy, word, len < sizeof(copy) ? len : sizeof(copy) - 1);
	put(t, copy);
}

int zag_opt_parse(const struct zag_opt_row *row, const char *text,
		  struct zag_opt *into, char *why)
{
	struct text t = { why, 0 };
	void *field = field_of(row, into);

	*why = '\0';
	switch ((enum zag_opt_type)row->type) {
	case ZAG_OPT_BOOL:
		return parse_bool(text, field, &t);
	case ZAG_OPT_UINT:
	case ZAG_OPT_SIZE:
	case ZAG_OPT_TIME:
		return parse_number(row, text, field, &t);
	case ZAG_OPT_STR:
	case ZAG_OPT_FILE:
		return parse_string(row, text, field, &t);
	case ZAG_OPT_LOG:
		return parse_log(row, text, field, &t);
	case ZAG_OPT_GRACE:
		return parse_grace(row, text, field, &t);
	case ZAG_OPT_WORD:
		return parse_word(row, text, field, &t);
	}
	return -EINVAL;
}

void zag_opt_format(const struct zag_opt_row *row, const struct zag_opt *from,
		    char *text)
{
	const void *field = (const char *)from + row->offset;
	const struct zag_opt_log *log = field;
	const struct zag_opt_grace *grace = field;
	struct text t = { text, 0 };

	*text = '\0';
	switch ((enum zag_opt_type)row->type) {
	case ZAG_OPT_BOOL:
		put(&t, *(const bool *)field ? "1" : "0");
		break;
	case ZAG_OPT_UINT:
	case ZAG_OPT_SIZE:
	case ZAG_OPT_TIME:
	case ZAG_OPT_GRACE: /* its time comes first */
		if (row->zero && !*(const uint64_t *)field)
			put(&t, row->zero);
		else
			put_value(&t, row, *(const uint64_t *)field);
		if (row->type == ZAG_OPT_GRACE && grace->always)
			put(&t, ",always");
		break;
	case ZAG_OPT_STR:
	case ZAG_OPT_FILE:
		put(&t, field);
		break;
	case ZAG_OPT_LOG:
		put(&t, levels[log->level]);
		put(&t, *log->file ? ":" : "");
		put(&t, log->file);
		break;
	case ZAG_OPT_WORD:
		put_word(&t, row->arg, *(const uint64_t *)field);
		break;
	}
}
