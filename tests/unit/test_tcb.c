/* SPDX-License-Identifier: BSD-2-Clause */
/* A TCB of our own making is a thread to glibc. */
#include "config.h"

#include "fiber/tcb.h"

#include <errno.h>
#include <locale.h>
#include <netdb.h>
#include <pthread.h>
#include <resolv.h>
#include <sched.h>
#include <stdbool.h>
#include <string.h>

#include "arch/arch.h"
#include "fiber/fiber.h"
#include "tls-module.h"
#include "unit.h"

static struct zag_context here;

static void *probe(void *arg)
{
	zag_tcb_probe_real();
	return arg;
}

static void setup(void)
{
	pthread_t t;

	zag_arch_init();
	ck_assert_ptr_null(zag_tcb_init());
	pthread_create(&t, NULL, probe, NULL);
	pthread_join(t, NULL);
	ck_assert_ptr_null(zag_tcb_boot());
	here.tp = zag_arch_tp();
}

/* --- running on a TCB --------------------------------------------------- */

struct call {
	void (*fn)(struct zag_fiber *f);
	struct zag_fiber *f;
};

/* In f->start: a fiber enters its TCB once. */
static void *started(void *arg)
{
	return arg;
}

static void call_main(void *arg)
{
	struct call *c = arg;

	if (!c->f->start)
		zag_tcb_enter();
	c->f->start = started;
	c->fn(c->f);
	zag_arch_switch(&c->f->ctx, &here);
}

/* Call fn(f) on f's stack and TCB; back when it returns. */
static void call_on(struct zag_fiber *f, void (*fn)(struct zag_fiber *f))
{
	struct call c = { fn, f };

	zag_fiber_prepare(f, call_main, &c);
	zag_arch_switch(&here, &f->ctx);
}

static struct zag_fiber *get(void)
{
	struct zag_fiber *f = zag_fiber_get(64 * 1024, 4096);

	ck_assert_ptr_nonnull(f);
	return f;
}

static void recycle(struct zag_fiber *f)
{
	f->start = NULL;
	zag_fiber_recycle(f);
}

/* What the code on the TCB saw; Check is not for there. */
static struct {
	bool ok;
	void *p;
	int n;
} seen;

/* --- identity ----------------------------------------------------------- */

static void look_around(struct zag_fiber *f)
{
	seen.ok = zag_fiber_self() == f && zag_fiber_of(pthread_self()) == f &&
		  pthread_self() == zag_fiber_pthread(f) &&
		  pthread_equal(pthread_self(), zag_tcb_pthread(f->ctx.tp)) &&
		  zag_arch_tp() == f->ctx.tp &&
		  zag_tcb_tp(pthread_self()) == f->ctx.tp;
	seen.n = ZAG_TCB_AT(zag_arch_tp(), zag_tcb_tid_offset, int);
	seen.p = &seen.ok;
	seen.ok &= (char *)&f > (char *)f->stack_addr &&
		   (char *)&f < (char *)f->stack_addr + f->stack_size;
}

START_TEST(it_knows_who_it_is)
{
	struct zag_fiber *a = get(), *b = get();
	pthread_t self = pthread_self();

	call_on(a, look_around);
	ck_assert(seen.ok);
	ck_assert_int_eq(seen.n, (int)a->tid);
	call_on(b, look_around);
	ck_assert(seen.ok);
	ck_assert_int_eq(seen.n, (int)b->tid);
	ck_assert_int_ne((int)a->tid, (int)b->tid);
	ck_assert_int_gt((int)a->tid, 1 << 22);
	ck_assert(pthread_equal(self, pthread_self()));
	ck_assert_ptr_null(zag_fiber_self());
}
END_TEST

/* --- thread-local storage ----------------------------------------------- */

static __thread int number = 7, zero;

static bool tls_is_new(void)
{
	return number == 7 && zero == 0 && tls_module_number == 42 &&
	       tls_module_zero == 0 && tls_module_big[0] == 'a' &&
	       tls_module_big[1] == 0 &&
	       tls_module_big[TLS_MODULE_BIG - 1] == 'z';
}

static void change_tls(struct zag_fiber *f)
{
	seen.ok = tls_is_new();
	number = zero = tls_module_number = tls_module_zero = (int)f->tid;
	memset(tls_module_big, 'x', TLS_MODULE_BIG);
}

static void look_at_changed(struct zag_fiber *f)
{
	int tid = (int)f->tid;

	seen.ok = number == tid && zero == tid && tls_module_number == tid &&
		  tls_module_zero == tid && tls_module_big[77] == 'x';
}

START_TEST(tls_is_its_own)
{
	struct zag_fiber *a = get(), *b = get();

	number = 1;
	tls_module_number = 2;
	call_on(a, change_tls);
	ck_assert_msg(seen.ok, "TLS of a new TCB is not its image");
	call_on(b, change_tls);
	ck_assert(seen.ok);
	call_on(a, look_at_changed);
	ck_assert(seen.ok);
	call_on(b, look_at_changed);
	ck_assert(seen.ok);
	ck_assert_int_eq(number, 1);
	ck_assert_int_eq(tls_module_number, 2);
	ck_assert_int_eq(tls_module_big[0], 'a');
}
END_TEST

static void look_if_new(struct zag_fiber *f)
{
	(void)f;
	/* number and zero are in the module that libzagcore is part of. */
	seen.ok = tls_module_number == 42 && tls_module_zero == 0 &&
		  tls_module_big[0] == 'a' && tls_module_big[77] == 0 &&
		  tls_module_big[TLS_MODULE_BIG - 1] == 'z';
}

START_TEST(recycling_restores_tls)
{
	struct zag_fiber *f = get();

	call_on(f, change_tls);
	recycle(f);
	call_on(f, look_if_new);
	ck_assert(seen.ok);
}
END_TEST

/* A slot that was put back may have lost its pages: not those of the TLS. */
START_TEST(trimming_leaves_tls)
{
	struct zag_fiber *f = get();

	call_on(f, change_tls);
	recycle(f);
	zag_fiber_put(f);
	ck_assert_ptr_eq(get(), f);
	call_on(f, look_if_new);
	ck_assert(seen.ok);
	call_on(f, look_around);
	ck_assert(seen.ok);
}
END_TEST

/* --- what libc keeps of a thread ---------------------------------------- */

static void set_errno(struct zag_fiber *f)
{
	(void)f;
	seen.n = errno;
	errno = ELOOP;
	h_errno = TRY_AGAIN;
}

START_TEST(errno_is_its_own)
{
	struct zag_fiber *a = get(), *b = get();

	errno = ENOENT;
	call_on(a, set_errno);
	ck_assert_int_eq(seen.n, 0);
	ck_assert_int_eq(errno, ENOENT);
	call_on(b, set_errno);
	ck_assert_int_eq(seen.n, 0);
	call_on(a, set_errno);
	ck_assert_int_eq(seen.n, ELOOP);
}
END_TEST

static void get_errno(struct zag_fiber *f)
{
	(void)f;
	seen.n = errno;
	seen.ok = h_errno == 0;
}

START_TEST(recycling_clears_errno)
{
	struct zag_fiber *f = get();

	call_on(f, set_errno);
	recycle(f);
	call_on(f, get_errno);
	ck_assert_int_eq(seen.n, 0);
	ck_assert(seen.ok);
}
END_TEST

static void set_locale(struct zag_fiber *f)
{
	(void)f;
	seen.p = uselocale(newlocale(LC_ALL_MASK, "C.UTF-8", NULL));
}

static void get_locale(struct zag_fiber *f)
{
	(void)f;
	seen.p = uselocale(NULL);
	seen.ok = strchr("\t\n ", ' ') && !strcoll("a", "a");
}

/* The one it set may be freed by then. */
START_TEST(recycling_forgets_the_locale)
{
	struct zag_fiber *f = get();

	call_on(f, get_locale);
	ck_assert_ptr_eq(seen.p, LC_GLOBAL_LOCALE);
	call_on(f, set_locale);
	ck_assert_ptr_eq(seen.p, LC_GLOBAL_LOCALE);
	recycle(f);
	call_on(f, get_locale);
	ck_assert_ptr_eq(seen.p, LC_GLOBAL_LOCALE);
}
END_TEST

static void use_libc(struct zag_fiber *f)
{
	struct __res_state *res = &_res;
	char buf[64], *p[100];

	snprintf(buf, sizeof(buf), "%g %s", 1.5, strerror(9999));
	seen.ok = !strcmp(buf, "1.5 Unknown error 9999");
	for (int i = 0; i < 100; i++) {
		p[i] = malloc((size_t)i * 100);
		seen.ok &= p[i] != NULL;
	}
	for (int i = 0; i < 100; i++)
		free(p[i]);
	/* Its own resolver state, inside its own struct pthread. */
	seen.ok &= (char *)res > (char *)f->ctx.tp - 8192 &&
		   (char *)res < (char *)f + sizeof(*f);
	seen.ok &= sched_getcpu() >= 0;
	seen.p = res;
}

START_TEST(libc_works_on_it)
{
	struct zag_fiber *a = get(), *b = get();
	void *first;

	for (int i = 0; i < 10; i++) {
		call_on(a, use_libc);
		ck_assert(seen.ok);
		first = seen.p;
		call_on(b, use_libc);
		ck_assert(seen.ok);
		ck_assert_ptr_ne(first, seen.p);
		recycle(b);
	}
}
END_TEST

/* --- thread-specific data ----------------------------------------------- */

static pthread_key_t keys[100];
static int destroyed;

static void destroy(void *value)
{
	destroyed++;
	if (value == (void *)1)
		pthread_setspecific(keys[0], (void *)2); /* a second round */
}

static void set_keys(struct zag_fiber *f)
{
	seen.ok = true;
	for (int i = 0; i < 100; i++) {
		seen.ok &= pthread_getspecific(keys[i]) == NULL;
		pthread_setspecific(keys[i], i ? (void *)f : (void *)1);
	}
	for (int i = 1; i < 100; i++)
		seen.ok &= pthread_getspecific(keys[i]) == f;
}

static void leave_keys(struct zag_fiber *f)
{
	set_keys(f);
	zag_tcb_leave();
}

START_TEST(keys_are_its_own_and_destroyed)
{
	struct zag_fiber *a = get();

	for (int i = 0; i < 100; i++)
		ck_assert_int_eq(pthread_key_create(&keys[i], destroy), 0);
	pthread_setspecific(keys[5], &keys);
	for (int round = 1; round < 4; round++) {
		call_on(a, leave_keys);
		ck_assert(seen.ok);
		ck_assert_int_eq(destroyed, 101 * round);
		recycle(a);
	}
	ck_assert_ptr_eq(pthread_getspecific(keys[5]), &keys);
}
END_TEST

static int endless;

static void set_again(void *value)
{
	endless++;
	pthread_setspecific(keys[0], value);
}

static void leave_endless(struct zag_fiber *f)
{
	pthread_setspecific(keys[0], f);
	zag_tcb_leave();
}

static void look_at_key(struct zag_fiber *f)
{
	(void)f;
	seen.p = pthread_getspecific(keys[0]);
}

START_TEST(destructors_end_after_some_rounds)
{
	struct zag_fiber *f = get();

	pthread_key_create(&keys[0], set_again);
	call_on(f, leave_endless);
	ck_assert_int_eq(endless, PTHREAD_DESTRUCTOR_ITERATIONS);
	recycle(f);
	call_on(f, look_at_key);
	ck_assert_ptr_null(seen.p);
}
END_TEST

/* --- stacks ------------------------------------------------------------- */

START_TEST(a_stack_of_the_program_s_own)
{
	static char mine[64 * 1024];
	struct zag_fiber *f = get();
	void *own = f->stack_addr;

	zag_fiber_use_stack(f, mine, sizeof(mine));
	call_on(f, look_around);
	ck_assert(seen.ok);
	recycle(f);
	ck_assert_ptr_eq(f->stack_addr, own);
	call_on(f, look_around);
	ck_assert(seen.ok);
}
END_TEST

static void fill_stack(struct zag_fiber *f)
{
	char *low = f->stack_addr;
	char *high = (char *)__builtin_frame_address(0) - 1024;

	seen.ok = (size_t)(high - low) > 62 * 1024;
	memset(low, 1, (size_t)(high - low));
}

START_TEST(all_of_the_stack_is_usable)
{
	struct zag_fiber *f = get(), *g = get();

	ck_assert_uint_ge(f->stack_size, 64 * 1024);
	call_on(g, change_tls);
	call_on(f, fill_stack);
	ck_assert(seen.ok);
	call_on(g, look_at_changed);
	ck_assert(seen.ok);
	call_on(f, look_around);
	ck_assert(seen.ok);
}
END_TEST

int main(void)
{
	TCase *c = tcase_create("tcb");

	tcase_add_checked_fixture(c, setup, NULL);
	tcase_add_test(c, it_knows_who_it_is);
	tcase_add_test(c, tls_is_its_own);
	tcase_add_test(c, recycling_restores_tls);
	tcase_add_test(c, trimming_leaves_tls);
	tcase_add_test(c, errno_is_its_own);
	tcase_add_test(c, recycling_clears_errno);
	tcase_add_test(c, recycling_forgets_the_locale);
	tcase_add_test(c, libc_works_on_it);
	tcase_add_test(c, keys_are_its_own_and_destroyed);
	tcase_add_test(c, destructors_end_after_some_rounds);
	tcase_add_test(c, a_stack_of_the_program_s_own);
	tcase_add_test(c, all_of_the_stack_is_usable);
	return unit_run("tcb", c);
}
