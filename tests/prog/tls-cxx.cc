// SPDX-License-Identifier: BSD-2-Clause
// C++ thread_local: constructed on first use, destroyed at thread exit.
#include "check.h"

#include <atomic>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

static std::atomic<int> made, gone, wrong;

struct counted {
	std::string text;
	pthread_t owner;

	counted() : text(100, 'c'), owner(pthread_self()) { made++; }
	~counted()
	{
		// Destructors run in the thread they belong to, and may block.
		if (!pthread_equal(owner, pthread_self()) ||
		    text != std::string(100, 'c'))
			wrong++;
		sched_yield();
		gone++;
	}
};

static thread_local counted first;
static thread_local std::vector<int> numbers{1, 2, 3};

// An exception thrown and caught across yields stays this thread's own.
static void throw_and_catch(int me)
{
	try {
		throw std::runtime_error(std::to_string(me));
	} catch (const std::exception &e) {
		CHECK_EQ(std::uncaught_exceptions(), 0);
		sched_yield();
		usleep(50);
		CHECK(std::to_string(me) == e.what());
		try {
			throw me;
		} catch (int value) {
			sched_yield();
			CHECK_EQ(value, me);
		}
		sched_yield();
		CHECK(std::current_exception() != nullptr);
	}
}

static void body(int me)
{
	CHECK_EQ(first.text.size(), 100);
	CHECK_EQ(numbers.size(), 3);
	numbers.push_back(me);
	for (int i = 0; i < 10; i++) {
		sched_yield();
		throw_and_catch(me);
		CHECK_EQ(numbers.back(), me);
	}
	thread_local counted local;
	CHECK_EQ(local.text.size(), 100);
}

int main()
{
	std::vector<std::thread> threads;

	for (int i = 0; i < 50; i++)
		threads.emplace_back(body, i);
	for (auto &t : threads)
		t.join();
	CHECK_EQ(wrong, 0);
	CHECK_EQ(made, gone);
	CHECK_EQ(made, 100);
	CHECK_EQ(numbers.size(), 3);
	puts("made and destroyed");
	return 0;
}
