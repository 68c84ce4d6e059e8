/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * futex(2) by way of syscall(2): locks of Rust's and C++'s libraries, GLib's,
 * liburcu's.
 *
 * Fibers wait in the lot, or for words that other processes may see with the
 * watcher (wait/shared.h).  Kernel threads wait in the kernel.  So who wakes
 * looks in both places.  What was compiled to the bare instruction is woken,
 * too, but cannot wake a fiber that waits on a private word.
 */
#include "wrap/libc.h"

#include <limits.h>
#include <linux/futex.h>

#include "base/atomic.h"
#include "wait/lot.h"
#include "wait/shared.h"
#include "wrap/io_core.h"
#include "wrap/real.h"
#include "wrap/syscall.h"

/* As the kernel has it: the word, the operation without its flags. */
struct futex {
	_Atomic uint32_t *word;
	int op, flags;
	uint32_t val;
	long timeout; /* a timespec, or a second count of waiters */
	_Atomic uint32_t *word2;
	uint32_t val3;
};

static bool is_private(const struct futex *f)
{
	return f->flags & FUTEX_PRIVATE_FLAG;
}

/* --- waking ------------------------------------------------------------- */

static long kernel_wake(const struct futex *f, const void *word, int n,
			uint32_t bits)
{
	return zag_raw(SYS_futex, word,
		       FUTEX_WAKE_BITSET | (f->flags & FUTEX_PRIVATE_FLAG), n,
		       NULL, NULL, bits);
}

/* Fibers first, which takes no system call. */
static long wake(const struct futex *f, const void *word, int n, uint32_t bits)
{
	long woken, r;

	if (n <= 0) /* the kernel's least is one */
		n = 1;
	woken = is_private(f) ? zag_lot_wake_bits(word, n, bits)
			      : zag_shared_wake(word, n);
	if (woken >= n)
		return woken;
	r = kernel_wake(f, word, (int)(n - woken), bits);
	if (!woken)
		return r;
	if (r > 0 && !is_private(f))
		r--; /* the watcher, which slept for those who are awake */
	return woken + zag_max(r, 0);
}

/*
 * Of shared words, who could be moved is woken, and looks again.  So does who
 * waits in the kernel: the watcher may be there, and has to stay where it is,
 * or would not be told of its word any more.
 */
static long requeue_shared(const struct futex *f)
{
	int wakes = (int)f->val, moves = (int)f->timeout;
	long r = zag_raw(SYS_futex, f->word, f->op, 0, 0, f->word2, f->val3);

	if (r < 0 || (!wakes && !moves)) /* no words, or not as expected */
		return r;
	return wake(f, f->word,
		    wakes > INT_MAX - moves ? INT_MAX : wakes + moves,
		    FUTEX_BITSET_MATCH_ANY);
}

static long requeue_private(const struct futex *f)
{
	int wakes = (int)f->val, moves = (int)f->timeout;
	struct zag_requeued done = { 0, 0 };
	long r = zag_lot_requeue(f->word, f->word2, wakes, moves,
				 f->op == FUTEX_CMP_REQUEUE ? &f->val3 : NULL,
				 &done);

	if (r < 0)
		return r;
	r = zag_raw(SYS_futex, f->word, FUTEX_REQUEUE | FUTEX_PRIVATE_FLAG,
		    zag_max(wakes - done.woken, 0),
		    zag_max(moves - done.moved, 0), f->word2, 0);
	if (r < 0)
		return r;
	return r + done.woken + done.moved;
}

static long requeue(const struct futex *f)
{
	if ((int)f->val < 0 || (int)f->timeout < 0)
		return -EINVAL;
	return is_private(f) ? requeue_private(f) : requeue_shared(f);
}

/* The operation of FUTEX_WAKE_OP, on the second word: its old value. */
static bool apply(const struct futex *f, int *old)
{
	int code = (int)(f->val3 >> 28) & 7;
	int arg = (int)(f->val3 << 8) >> 20, is, to;
	uint32_t was = zag_load_rlx(f->word2);

	if (f->val3 >> 28 & FUTEX_OP_OPARG_SHIFT)
		arg = (int)(1u << (arg & 31));
	do {
		is = (int)was;
		switch (code) {
		case FUTEX_OP_SET:
			to = arg;
			break;
		case FUTEX_OP_ADD:
			to = (int)((uint32_t)is + (uint32_t)arg);
			break;
		case FUTEX_OP_OR:
			to = is | arg;
			break;
		case FUTEX_OP_ANDN:
			to = is & ~arg;
			break;
		case FUTEX_OP_XOR:
			to = is ^ arg;
			break;
		default:
			return false;
		}
	} while (!zag_cas(f->word2, &was, (uint32_t)to));
	*old = is;
	return true;
}

/* Whether the second word's waiters are to be woken as well; -1: no such
 * comparison. */
static int compare(const struct futex *f, int old)
{
	int arg = (int)(f->val3 << 20) >> 20;

	switch (f->val3 >> 24 & 15) {
	case FUTEX_OP_CMP_EQ:
		return old == arg;
	case FUTEX_OP_CMP_NE:
		return old != arg;
	case FUTEX_OP_CMP_LT:
		return old < arg;
	case FUTEX_OP_CMP_LE:
		return old <= arg;
	case FUTEX_OP_CMP_GT:
		return old > arg;
	case FUTEX_OP_CMP_GE:
		return old >= arg;
	default:
		return -1;
	}
}

static long wake_op(const struct futex *f)
{
	int old, second;
	long r, r2 = 0;

	if (compare(f, 0) < 0 || !zag_sys_readable((void *)f->word2))
		return -ENOSYS;
	if (!apply(f, &old))
		return -ENOSYS;
	second = compare(f, old);
	r = wake(f, f->word, (int)f->val, FUTEX_BITSET_MATCH_ANY);
	if (second)
		r2 = wake(f, f->word2, (int)f->timeout,
			  FUTEX_BITSET_MATCH_ANY);
	return r < 0 ? r : r2 < 0 ? r2 : r + r2;
}

/* --- waiting ------------------------------------------------------------ */

/* -EINVAL, -EFAULT, or 0 and *deadline. */
static long deadline_of(const struct futex *f, zag_time *deadline)
{
	const struct timespec *t = (const struct timespec *)f->timeout;
	bool wall = f->flags & FUTEX_CLOCK_REALTIME;

	*deadline = ZAG_NEVER;
	if (!t)
		return 0;
	if (!zag_sys_readable(t))
		return -EFAULT;
	if (!zag_timespec_valid(t) || t->tv_sec < 0)
		return -EINVAL;
	*deadline = f->op == FUTEX_WAIT
			    ? zag_deadline_rel(t)
			    : zag_deadline_wall(wall ? CLOCK_REALTIME
						    : CLOCK_MONOTONIC,
					       t);
	return 0;
}

/* Another process may wake any number, whether it has changed the word or not,
 * and does not tell how many. */
static int wait_shared(const struct futex *f, zag_time deadline)
{
	return zag_shared_wait(f->word, f->val, ZAG_SHARED_ALL, ZAG_FIRM_LOCK,
			       deadline);
}

static long wait_on(const struct futex *f, uint32_t bits)
{
	zag_time deadline;
	long r = deadline_of(f, &deadline);

	if (r < 0)
		return r;
	if (!bits)
		return -EINVAL;
	if (!zag_sys_readable((void *)f->word))
		return -EFAULT;
	if (!is_private(f) && bits != FUTEX_BITSET_MATCH_ANY)
		return -ENOSYS;
	do {
		r = is_private(f) ? zag_lot_wait_bits(f->word, f->val, bits,
						      deadline)
				  : wait_shared(f, deadline);
	} while (r == -ERESTART);
	return r;
}

/* For part of the bits, or where the kernel does not let the watcher watch: a
 * helper sleeps.  With a time it is not begun again. */
static long wait_in_kernel(const struct futex *f)
{
	return ZAG_NO_POINT_VALUE(zag_block_raw(
		!f->timeout, SYS_futex, f->word, f->op | f->flags, f->val,
		f->timeout, NULL, f->val3));
}

static bool is_wait(int op)
{
	return op == FUTEX_WAIT || op == FUTEX_WAIT_BITSET;
}

static long by_lot(const struct futex *f)
{
	if ((f->flags & FUTEX_CLOCK_REALTIME) && f->op != FUTEX_WAIT_BITSET)
		return -ENOSYS;
	switch (f->op) {
	case FUTEX_WAIT:
		return wait_on(f, FUTEX_BITSET_MATCH_ANY);
	case FUTEX_WAIT_BITSET:
		return wait_on(f, f->val3);
	case FUTEX_WAKE:
		return wake(f, f->word, (int)f->val, FUTEX_BITSET_MATCH_ANY);
	case FUTEX_WAKE_BITSET:
		return f->val3 ? wake(f, f->word, (int)f->val, f->val3)
			       : -EINVAL;
	case FUTEX_REQUEUE:
	case FUTEX_CMP_REQUEUE:
		return requeue(f);
	case FUTEX_WAKE_OP:
		return wake_op(f);
	default: /* priority inheritance: the kernel's, which knows no fiber */
		return -ENOSYS;
	}
}

long zag_syscall_futex(long word, long op, long val, long timeout, long word2,
		       long val3)
{
	struct futex f = {
		.word = (_Atomic uint32_t *)word,
		.op = (int)op & FUTEX_CMD_MASK,
		.flags = (int)op & ~FUTEX_CMD_MASK,
		.val = (uint32_t)val,
		.timeout = timeout,
		.word2 = (_Atomic uint32_t *)word2,
		.val3 = (uint32_t)val3,
	};
	bool waits = is_wait(f.op);
	long r = -ENOSYS;

	zag_fiber_call_begins(zag_fiber_self());
	if (!(word & 3) && (zag_on_fiber() || !waits))
		r = by_lot(&f);
	if (r != -ENOSYS)
		return r;
	return waits && zag_on_fiber() ? wait_in_kernel(&f) :
					 zag_raw(SYS_futex, word, op, val,
						 timeout, word2, val3);
}
