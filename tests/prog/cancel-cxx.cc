// SPDX-License-Identifier: BSD-2-Clause
// Cancelled in C++: destructors run, a catch (...) that throws on sees it by.
#include "check.h"

#include <cxxabi.h>
#include <mutex>
#include <stdexcept>
#include <string>

static int fds[2];
static std::string order;
static std::mutex mutex;

struct Noted {
	const char *name;

	explicit Noted(const char *n) : name(n) {}
	~Noted() { order += name; }
};

static thread_local Noted local("L");

static void read_one()
{
	char c;

	Noted n("1");
	CHECK_EQ(read(fds[0], &c, 1), 1);
	order += "read";
}

static void catches_all()
{
	Noted n("2");

	try {
		read_one();
	} catch (std::exception &) {
		order += "wrong";
	} catch (...) {
		order += "c";
		throw;
	}
}

static void catches_forced()
{
	try {
		Noted n("3");

		catches_all();
	} catch (abi::__forced_unwind &) {
		order += "f";
		throw;
	}
}

// Exceptions of its own meanwhile, in a destructor too.
struct Throws {
	~Throws()
	{
		try {
			throw std::runtime_error("inside");
		} catch (std::runtime_error &e) {
			order += "t";
		}
	}
};

static void *runs(void *arg)
{
	std::lock_guard<std::mutex> lock(mutex);
	Throws t;

	order += local.name;
	catches_forced();
	return arg;
}

static void *exits(void *arg)
{
	Noted n("x");

	try {
		pthread_exit(arg);
	} catch (...) {
		order += "c";
		throw;
	}
}

static void expect(const char *want)
{
	if (order != want)
		check_fail("%s, not %s", order.c_str(), want);
	order.clear();
}

int main()
{
	pthread_t t;

	CHECK_EQ(pipe(fds), 0);
	for (int i = 0; i < 50; i++) {
		t = check_spawn(runs, nullptr);
		if (i & 1)
			check_msleep(1);
		CHECK_OK(pthread_cancel(t));
		CHECK(check_join(t) == PTHREAD_CANCELED);
		expect("L1c23ftL");
		CHECK(mutex.try_lock());
		mutex.unlock();
	}
	CHECK(check_join(check_spawn(exits, &order)) == &order);
	expect("cx");
	puts("ok");
	return 0;
}
