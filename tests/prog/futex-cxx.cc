// SPDX-License-Identifier: BSD-2-Clause
// What C++ waits in by futexes of its own: atomics, latches, semaphores.
#include <atomic>
#include <barrier>
#include <cstdio>
#include <latch>
#include <semaphore>
#include <thread>
#include <vector>

namespace {

constexpr int players = 200;
constexpr int rounds = 20;

std::atomic<int> turn{0};
std::latch ready{players};
std::counting_semaphore<8> places{8};
std::barrier step{players};
std::atomic<int> inside{0}, most{0}, sum{0};

void play(int me)
{
	ready.arrive_and_wait();
	for (int round = 0; round < rounds; round++) {
		places.acquire();
		int now = ++inside, seen = most;
		while (now > seen && !most.compare_exchange_weak(seen, now))
			;
		std::this_thread::yield();
		--inside;
		places.release();
		step.arrive_and_wait();
	}
	for (int seen = turn; seen != me; seen = turn)
		turn.wait(seen);
	sum += me;
	turn = me + 1;
	turn.notify_all();
}

} // namespace

int main()
{
	std::vector<std::thread> threads;

	for (int i = 0; i < players; i++)
		threads.emplace_back(play, i);
	for (auto &t : threads)
		t.join();
	if (most > 8) {
		std::fprintf(stderr, "%d at once\n", most.load());
		return 1;
	}
	std::printf("%d in turn, sum %d\n", turn.load(), sum.load());
	return 0;
}
