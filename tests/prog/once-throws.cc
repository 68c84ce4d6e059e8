// SPDX-License-Identifier: BSD-2-Clause
// An exception leaves pthread_once, which was not made then: before the program
// has a second thread and after.
#include "check.h"

#include <stdexcept>

static int tries;

extern "C" void first_fails()
{
	if (++tries == 1)
		throw std::runtime_error("first");
}

static void calls_until_made()
{
	pthread_once_t once = PTHREAD_ONCE_INIT;
	bool caught = false;

	tries = 0;
	try {
		pthread_once(&once, first_fails);
	} catch (std::runtime_error &e) {
		caught = !strcmp(e.what(), "first");
	}
	CHECK(caught);
	CHECK_OK(pthread_once(&once, first_fails));
	CHECK_OK(pthread_once(&once, first_fails));
	CHECK_EQ(tries, 2);
}

static void *in_thread(void *arg)
{
	calls_until_made();
	return arg;
}

int main()
{
	calls_until_made();
	check_join(check_spawn(in_thread, nullptr));
	puts("made the second time");
	return 0;
}
