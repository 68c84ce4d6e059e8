/* SPDX-License-Identifier: BSD-2-Clause */
/* select, pselect. */
#include "wrap/libc.h"

#include "base/page.h"
#include "wrap/io_core.h"
#include "wrap/io_poll.h"
#include "wrap/real.h"

enum { BITS = 64 };
/* Descriptors waited for without a page of memory, and words of a set. */
enum { FEW = 48, FEW_WORDS = FD_SETSIZE / BITS };

/* The three sets of one call, in the program's memory. */
struct sets {
	int n; /* descriptors, as the program says */
	size_t words;
	unsigned long *set[3]; /* readable, writable, exceptional; or NULL */
	const sigset_t *mask;  /* for the wait, or NULL */
};

/* What poll(2) calls it. */
static const short asks[3] = { POLLIN, POLLOUT, POLLPRI };

/*
 * The kernel looks at no more bits than its table has, so programs may pass
 * any number with sets of FD_SETSIZE: "FDSize" of /proc/self/status.
 */
static int table_size(void)
{
	static const char key[] = "\nFDSize:\t";
	char text[1024];
	long fd, len;
	int n = 0;

	fd = zag_raw(SYS_openat, AT_FDCWD, "/proc/thread-self/status",
		     O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return FD_SETSIZE;
	len = zag_raw(SYS_read, fd, text, sizeof(text) - 1);
	zag_raw(SYS_close, fd);
	text[zag_max(len, 0)] = '\0';
	for (const char *p = text; *p; p++) {
		size_t i = 0;

		while (key[i] && p[i] == key[i])
			i++;
		if (key[i])
			continue;
		for (p += i; *p >= '0' && *p <= '9'; p++)
			n = n * 10 + (*p - '0');
		return n;
	}
	return FD_SETSIZE;
}

static void sets_init(struct sets *s, int n, fd_set *in, fd_set *out,
		      fd_set *except, const sigset_t *mask)
{
	int bits = n > FD_SETSIZE ? zag_min(n, table_size()) : zag_max(n, 0);

	s->n = n;
	s->words = ((size_t)bits + BITS - 1) / BITS;
	s->set[0] = (unsigned long *)in;
	s->set[1] = (unsigned long *)out;
	s->set[2] = (unsigned long *)except;
	s->mask = mask;
}

static int sets_save(const struct sets *s, unsigned long *copy)
{
	for (int k = 0; k < 3; k++) {
		if (!s->set[k] || !s->words)
			continue;
		if (!zag_sys_readable(s->set[k]))
			return -EFAULT;
		for (size_t i = 0; i < s->words; i++)
			copy[(size_t)k * s->words + i] = s->set[k][i];
	}
	return 0;
}

static void sets_restore(const struct sets *s, const unsigned long *copy)
{
	for (int k = 0; k < 3; k++)
		for (size_t i = 0; s->set[k] && i < s->words; i++)
			s->set[k][i] = copy[(size_t)k * s->words + i];
}

/* The bits of one word of the three saved sets. */
static void word_of(const struct sets *s, const unsigned long *copy, size_t i,
		    unsigned long word[3])
{
	for (size_t k = 0; k < 3; k++)
		word[k] = s->set[k] ? copy[k * s->words + i] : 0;
	if (i == s->words - 1 && s->n % BITS && (size_t)s->n / BITS == i)
		for (size_t k = 0; k < 3; k++)
			word[k] &= (1UL << s->n % BITS) - 1;
}

static size_t sets_count(const struct sets *s, const unsigned long *copy)
{
	unsigned long word[3];
	size_t count = 0;

	for (size_t i = 0; i < s->words; i++) {
		word_of(s, copy, i, word);
		count += (size_t)__builtin_popcountl(word[0] | word[1] |
						     word[2]);
	}
	return count;
}

static void sets_to_poll(const struct sets *s, const unsigned long *copy,
			 struct pollfd *p)
{
	unsigned long word[3], any;

	for (size_t i = 0; i < s->words; i++) {
		word_of(s, copy, i, word);
		for (any = word[0] | word[1] | word[2]; any; any &= any - 1) {
			unsigned int bit = (unsigned int)__builtin_ctzl(any);

			*p = (struct pollfd){ .fd = (int)(i * BITS + bit) };
			for (int k = 0; k < 3; k++)
				if (word[k] >> bit & 1)
					p->events |= asks[k];
			p++;
		}
	}
}

/* As zag_sys_look; the kernel leaves the sets as they are when it fails. */
static long look(const struct sets *s)
{
	struct timespec now = { 0, 0 };
	long r;

	do
		r = zag_raw(SYS_pselect6, s->n, s->set[0], s->set[1],
			    s->set[2], &now, NULL);
	while (r == -EINTR);
	return r;
}

/* The sets hold what was asked; fds the same, or room for it. */
static long select_loop(const struct sets *s, const unsigned long *copy,
			struct pollfd *fds, size_t count, zag_time deadline)
{
	long r;
	int w;

	sets_to_poll(s, copy, fds);
	for (;;) {
		w = zag_poll_wait(fds, count, deadline);
		if (w == -ETIMEDOUT && count == 0)
			return 0;
		sets_restore(s, copy);
		if (w < 0 && w != -ETIMEDOUT)
			return w;
		r = look(s);
		if (r || w == -ETIMEDOUT)
			return r;
	}
}

static long select_wait(const struct sets *s, const unsigned long *copy,
			zag_time deadline)
{
	size_t count = sets_count(s, copy);
	struct pollfd *fds;
	long r;

	if (count <= FEW) {
		struct pollfd few[FEW];

		return select_loop(s, copy, few, count, deadline);
	}
	fds = zag_page_alloc(count * sizeof(*fds));
	if (!fds)
		return -ENOMEM;
	r = select_loop(s, copy, fds, count, deadline);
	zag_page_free(fds, count * sizeof(*fds));
	return r;
}

static long select_masked(const struct sets *s, const unsigned long *copy,
			  zag_time deadline)
{
	sigset_t old;
	long r = zag_signal_mask_swap(s->mask, &old);

	if (r < 0)
		return r;
	/* Even with no time: what the mask lets in interrupts. */
	r = select_wait(s, copy, deadline ? deadline : zag_now());
	zag_signal_mask_swap(&old, NULL);
	return r;
}

static long select_copied(const struct sets *s, unsigned long *copy,
			  zag_time deadline)
{
	long r = sets_save(s, copy);

	if (r < 0)
		return r;
	r = look(s); /* bad arguments end here, too */
	if (r) /* then no signal is let in */
		return r;
	if (s->mask)
		return select_masked(s, copy, deadline);
	return deadline ? select_wait(s, copy, deadline) : 0;
}

/* deadline 0: only look. */
static long select_until(int n, fd_set *in, fd_set *out, fd_set *except,
			 zag_time deadline, const sigset_t *mask)
{
	unsigned long few[3 * FEW_WORDS];
	unsigned long *copy;
	struct sets s;
	size_t size;
	long r;

	sets_init(&s, n, in, out, except, mask);
	if (s.words <= FEW_WORDS)
		return select_copied(&s, few, deadline);
	size = 3 * s.words * sizeof(*copy);
	copy = zag_page_alloc(size);
	if (!copy)
		return -ENOMEM;
	r = select_copied(&s, copy, deadline);
	zag_page_free(copy, size);
	return r;
}

static zag_time deadline_of(const struct timespec *timeout)
{
	if (!timeout)
		return ZAG_NEVER;
	if (!timeout->tv_sec && !timeout->tv_nsec)
		return 0;
	return zag_deadline_rel(timeout);
}

static long zag_io_pselect(int n, fd_set *in, fd_set *out, fd_set *except,
			   const struct timespec *timeout,
			   const sigset_t *mask)
{
	if (timeout && (!zag_timespec_valid(timeout) || timeout->tv_sec < 0))
		return -EINVAL;
	return select_until(n, in, out, except, deadline_of(timeout), mask);
}

/* Linux tells what is left of the time. */
static void time_left(struct timeval *timeout, zag_time deadline)
{
	zag_time left = deadline ? zag_max(deadline - zag_now(), 0) : 0;

	timeout->tv_sec = left / ZAG_NSEC;
	timeout->tv_usec = left % ZAG_NSEC / 1000;
}

static long zag_io_select(int n, fd_set *in, fd_set *out, fd_set *except,
			  struct timeval *timeout)
{
	zag_time deadline = ZAG_NEVER;
	struct timespec ts;
	long r;

	if (timeout) {
		if (timeout->tv_sec < 0 || timeout->tv_usec < 0)
			return -EINVAL;
		/* As glibc: a million microseconds and more are seconds. */
		if (__builtin_add_overflow(timeout->tv_sec,
					   timeout->tv_usec / 1000000,
					   &ts.tv_sec))
			ts.tv_sec = INT64_MAX;
		ts.tv_nsec = timeout->tv_usec % 1000000 * 1000;
		deadline = deadline_of(&ts);
	}
	r = select_until(n, in, out, except, deadline, NULL);
	if (timeout && deadline != ZAG_NEVER)
		time_left(timeout, deadline);
	return r;
}

ZAG_EXPORT int select(int n, fd_set *restrict in, fd_set *restrict out,
		      fd_set *restrict except,
		      struct timeval *restrict timeout)
{
	if (!zag_on_fiber())
		return ZAG_REAL(select)(n, in, out, except, timeout);
	return (int)ZAG_POINT_IO(zag_io_select(n, in, out, except, timeout));
}

ZAG_ALIAS(__select, select);

ZAG_EXPORT int pselect(int n, fd_set *restrict in, fd_set *restrict out,
		       fd_set *restrict except,
		       const struct timespec *restrict timeout,
		       const sigset_t *restrict mask)
{
	if (!zag_on_fiber())
		return ZAG_REAL(pselect)(n, in, out, except, timeout, mask);
	return (int)ZAG_POINT_IO(
		zag_io_pselect(n, in, out, except, timeout, mask));
}
