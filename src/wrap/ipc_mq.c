/* SPDX-License-Identifier: BSD-2-Clause */
/* mq_*: a queue's descriptor is polled. */
#include "wrap/libc.h"

#include "wrap/io_core.h"
#include "wrap/real.h"

/* One message, in or out: the system call, and what it is about. */
struct transfer {
	long nr;
	mqd_t queue;
	void *buf;
	size_t len;
	long prio; /* to be sent, or where to put it */
	int dir;   /* ZAG_IN or ZAG_OUT */
};

/*
 * A time in the past makes the kernel say ETIMEDOUT where it would wait, and
 * EAGAIN where the program asked for that.
 */
static long try_transfer(const struct transfer *t, mqd_t queue)
{
	const struct timespec past = { 0, 0 }; /* qemu-user writes it back */

	return zag_raw(t->nr, queue, t->buf, t->len, t->prio, &past);
}

static long zag_ipc_transfer(const struct transfer *t,
			     const struct timespec *abs)
{
	struct zag_io io ZAG_IO(t->queue, t->dir);
	zag_time deadline = ZAG_NEVER;
	long r;

	if (abs) {
		if (!zag_sys_readable(abs))
			return -EFAULT;
		if (!zag_timespec_valid(abs) || abs->tv_sec < 0)
			return -EINVAL;
	}
	r = try_transfer(t, io.fd);
	if (r == -ETIMEDOUT && abs)
		deadline = zag_deadline_wall(CLOCK_REALTIME, abs);
	while (r == -ETIMEDOUT) {
		r = zag_io_wait(&io, deadline, true);
		if (r == -ETIMEDOUT)
			return r;
		if (r == 0)
			r = try_transfer(t, io.fd);
	}
	return r;
}

static long receive(mqd_t q, char *buf, size_t len, unsigned int *prio,
		    const struct timespec *abs)
{
	const struct transfer t = { SYS_mq_timedreceive, q, buf, len,
				    (long)prio, ZAG_IN };

	return zag_ipc_transfer(&t, abs);
}

static long transmit(mqd_t q, const char *buf, size_t len, unsigned int prio,
		     const struct timespec *abs)
{
	const struct transfer t = { SYS_mq_timedsend, q, (void *)buf, len, prio,
				    ZAG_OUT };

	return zag_ipc_transfer(&t, abs);
}

ZAG_EXPORT ssize_t mq_receive(mqd_t q, char *buf, size_t len,
			      unsigned int *prio)
{
	if (!zag_on_fiber())
		return ZAG_REAL(mq_receive)(q, buf, len, prio);
	return ZAG_POINT(receive(q, buf, len, prio, NULL));
}

ZAG_EXPORT ssize_t mq_timedreceive(mqd_t q, char *restrict buf, size_t len,
				   unsigned int *restrict prio,
				   const struct timespec *restrict abs)
{
	if (!zag_on_fiber())
		return ZAG_REAL(mq_timedreceive)(q, buf, len, prio, abs);
	return ZAG_POINT(receive(q, buf, len, prio, abs));
}

ZAG_EXPORT int mq_send(mqd_t q, const char *buf, size_t len, unsigned int prio)
{
	if (!zag_on_fiber())
		return ZAG_REAL(mq_send)(q, buf, len, prio);
	return (int)ZAG_POINT(transmit(q, buf, len, prio, NULL));
}

ZAG_EXPORT int mq_timedsend(mqd_t q, const char *buf, size_t len,
			    unsigned int prio, const struct timespec *abs)
{
	if (!zag_on_fiber())
		return ZAG_REAL(mq_timedsend)(q, buf, len, prio, abs);
	return (int)ZAG_POINT(transmit(q, buf, len, prio, abs));
}
