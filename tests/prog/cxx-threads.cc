// SPDX-License-Identifier: BSD-2-Clause
// The threads of C++20, as its library makes them of pthreads and futexes.
#include "check.h"

#include <atomic>
#include <barrier>
#include <condition_variable>
#include <future>
#include <latch>
#include <mutex>
#include <numeric>
#include <semaphore>
#include <shared_mutex>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

using namespace std::chrono_literals;

constexpr int threads = 50;

static std::atomic<int> born, died;

struct Local {
	int value = 0;

	Local() { born++; }
	~Local() { died++; }
};

static thread_local Local local;

template <typename F> static void run_all(F f)
{
	std::vector<std::thread> all;

	for (int i = 0; i < threads; i++)
		all.emplace_back(f, i);
	for (auto &t : all)
		t.join();
}

static void mutexes()
{
	std::mutex m;
	std::recursive_timed_mutex rm;
	int count = 0;

	run_all([&](int i) {
		for (int k = 0; k < 100; k++) {
			std::scoped_lock both(m, rm);
			std::lock_guard again(rm);

			count++;
			local.value += i;
		}
		CHECK_EQ(local.value, 100 * i);
	});
	CHECK_EQ(count, threads * 100);
	CHECK_EQ(born, threads);
	CHECK_EQ(died, threads);
}

static void timed()
{
	std::timed_mutex m;
	std::unique_lock lock(m);

	std::thread([&] { CHECK(!m.try_lock_for(10ms)); }).join();
	lock.unlock();
	std::thread([&] {
		CHECK(m.try_lock_for(10s));
		m.unlock();
	}).join();
}

static void queue()
{
	std::mutex m;
	std::condition_variable changed;
	std::vector<int> items;
	std::atomic<int> sum = 0;
	bool done = false;

	std::thread feeder([&] {
		for (int i = 1; i <= 1000; i++) {
			std::lock_guard lock(m);
			items.push_back(i);
			changed.notify_one();
		}
		std::lock_guard lock(m);
		done = true;
		changed.notify_all();
	});
	run_all([&](int) {
		std::unique_lock lock(m);

		for (;;) {
			changed.wait(lock,
				     [&] { return done || !items.empty(); });
			if (items.empty())
				break;
			sum += items.back();
			items.pop_back();
		}
	});
	feeder.join();
	CHECK_EQ(sum, 500500);
}

static void shared()
{
	std::shared_mutex m;
	std::atomic<int> readers = 0, most = 0;
	int value = 0;

	run_all([&](int i) {
		if (i % 5 == 0) {
			std::unique_lock lock(m);
			CHECK_EQ(readers, 0);
			value++;
			std::this_thread::sleep_for(100us);
			return;
		}
		std::shared_lock lock(m);
		int now = ++readers, old = most;
		while (now > old && !most.compare_exchange_weak(old, now))
			;
		std::this_thread::sleep_for(1ms);
		readers--;
	});
	CHECK_EQ(value, threads / 5);
	CHECK(most > 1);
}

static void futures()
{
	std::vector<std::future<int>> all;
	std::promise<std::string> promise;
	std::shared_future<std::string> word = promise.get_future().share();
	int sum = 0;

	for (int i = 0; i < threads; i++)
		all.push_back(std::async(std::launch::async, [=] {
			std::this_thread::sleep_for(1ms);
			if (i == 7)
				throw std::out_of_range("seven");
			return i + (int)word.get().size();
		}));
	CHECK(all[0].wait_for(1ms) == std::future_status::timeout);
	promise.set_value("word");
	for (int i = 0; i < threads; i++) {
		try {
			sum += all[i].get();
			CHECK(i != 7);
		} catch (std::out_of_range &e) {
			CHECK_EQ(i, 7);
			CHECK(std::string(e.what()) == "seven");
		}
	}
	CHECK_EQ(sum, threads * (threads - 1) / 2 - 7 + 4 * (threads - 1));
}

static void stops()
{
	std::mutex m;
	std::condition_variable_any changed;
	std::atomic<int> ended = 0, told = 0;
	std::stop_source source;
	std::stop_callback tell(source.get_token(), [&] { told++; });

	{
		std::vector<std::jthread> all;

		for (int i = 0; i < threads; i++)
			all.emplace_back([&](std::stop_token token) {
				std::unique_lock lock(m);

				changed.wait(lock, token,
					     [] { return false; });
				CHECK(token.stop_requested());
				ended++;
			});
		std::this_thread::sleep_for(5ms);
		CHECK_EQ(ended, 0);
	}
	CHECK_EQ(ended, threads);
	run_all([&](int) { source.request_stop(); });
	CHECK_EQ(told, 1);
}

static void waits_on_atomics()
{
	std::atomic<int> turn = 0;
	std::counting_semaphore<threads> room(3);
	std::latch all_here(threads);
	std::barrier rounds(threads);
	std::atomic<int> inside = 0, crossed = 0;

	run_all([&](int i) {
		room.acquire();
		CHECK(++inside <= 3);
		std::this_thread::yield();
		inside--;
		room.release();
		all_here.arrive_and_wait();
		for (int r = 1; r <= 5; r++) {
			crossed++;
			rounds.arrive_and_wait();
			CHECK(crossed >= r * threads);
			rounds.arrive_and_wait();
		}
		for (int now; (now = turn) != i;)
			turn.wait(now);
		turn = i + 1;
		turn.notify_all();
	});
	CHECK_EQ(turn, threads);
}

static void exceptions()
{
	std::exception_ptr first;
	std::mutex m;
	std::atomic<int> caught = 0;

	run_all([&](int i) {
		try {
			try {
				std::this_thread::sleep_for(1ms);
				throw i;
			} catch (int k) {
				std::this_thread::yield();
				CHECK_EQ(k, i);
				CHECK_EQ(std::uncaught_exceptions(), 0);
				throw std::runtime_error(std::to_string(k));
			}
		} catch (std::exception &e) {
			std::lock_guard lock(m);

			CHECK(e.what() == std::to_string(i));
			first = std::current_exception();
			caught++;
		}
	});
	CHECK_EQ(caught, threads);
	try {
		std::rethrow_exception(first);
	} catch (std::runtime_error &) {
		caught++;
	}
	CHECK_EQ(caught, threads + 1);
}

static void once()
{
	std::once_flag flag;
	std::atomic<int> tries = 0, done = 0;

	run_all([&](int) {
		try {
			std::call_once(flag, [&] {
				std::this_thread::yield();
				if (++tries < 3)
					throw tries.load();
				done++;
			});
		} catch (int) {
		}
	});
	CHECK_EQ(tries, 3);
	CHECK_EQ(done, 1);
}

int main()
{
	mutexes();
	timed();
	queue();
	shared();
	futures();
	stops();
	waits_on_atomics();
	exceptions();
	once();
	puts("ok");
	return 0;
}
