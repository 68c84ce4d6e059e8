/* SPDX-License-Identifier: BSD-2-Clause */
/* zag.h from C++: what is unwound has destructors, std::thread is adopted. */
#include <zag.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <thread>

static std::atomic<int> alive;

#define CHECK(expr)                                                            \
	do {                                                                   \
		if (!(expr)) {                                                 \
			std::fprintf(stderr, "%s:%d: %s is false\n", __FILE__, \
				     __LINE__, #expr);                         \
			std::exit(1);                                          \
		}                                                              \
	} while (0)

struct counted {
	counted()
	{
		alive++;
	}
	~counted()
	{
		alive--;
	}
};

template <class T> class channel
{
	zag_chan *chan;

      public:
	explicit channel(size_t capacity)
	    : chan(zag_chan_open(sizeof(T), capacity))
	{
	}
	channel(const channel &) = delete;
	channel &operator=(const channel &) = delete;
	~channel()
	{
		zag_chan_free(chan);
	}
	int send(const T &value)
	{
		return zag_chan_send(chan, &value);
	}
	int recv(T &value)
	{
		return zag_chan_recv(chan, &value);
	}
	zag_chan_case receiving(T &value)
	{
		return { chan, ZAG_RECV, &value };
	}
};

static channel<int> *work, *quiet;

static int receives(void *sum)
{
	counted c;
	int n, err;

	while (!(err = work->recv(n)) && n)
		*static_cast<std::atomic<int> *>(sum) += n;
	return err;
}

static void scopes()
{
	std::atomic<int> sum{ 0 };
	zag_scope *s = zag_scope_open(0);

	for (int i = 0; i < 3; i++)
		CHECK(zag_scope_spawn(s, receives, &sum) == 0);
	for (int i = 1; i <= 100; i++)
		CHECK(work->send(i) == 0);
	for (int i = 0; i < 3; i++)
		CHECK(work->send(0) == 0);
	CHECK(zag_scope_join(s, nullptr) == 0);
	CHECK(sum == 5050 && alive == 0);
}

/* Waits in a select of two; the destructors of its frames run. */
static void *waits(void *)
{
	counted c;
	int a = 0, b = 0;
	zag_chan_case cases[] = { quiet->receiving(a), work->receiving(b) };

	zag_chan_select(cases, 2, nullptr, nullptr);
	return nullptr;
}

static void unwinds()
{
	pthread_t t;
	void *value;

	CHECK(pthread_create(&t, nullptr, waits, nullptr) == 0);
	while (!alive)
		std::this_thread::yield();
	std::this_thread::sleep_for(std::chrono::milliseconds(1));
	CHECK(pthread_cancel(t) == 0);
	CHECK(pthread_join(t, &value) == 0);
	CHECK(value == PTHREAD_CANCELED && alive == 0);
}

static void adopts()
{
	zag_scope *s = zag_scope_open(0);
	int err = 0;

	zag_scope_adopt(s);
	std::thread t([&err] {
		counted c;
		int n;

		err = quiet->recv(n);
	});
	while (!alive)
		std::this_thread::yield();
	zag_scope_cancel(s, EIO);
	CHECK(zag_scope_join(s, nullptr) == EIO);
	CHECK(alive == 0 && err == ECANCELED);
	t.join();
}

int main()
{
	work = new channel<int>(2);
	quiet = new channel<int>(0);
	for (int i = 0; i < 20; i++) {
		scopes();
		unwinds();
		adopts();
	}
	delete work;
	delete quiet;
	std::puts("ok");
	return 0;
}
