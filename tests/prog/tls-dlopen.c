/* SPDX-License-Identifier: BSD-2-Clause */
/* TLS of a module loaded while threads run: dynamic and static model. */
#include "check.h"

#include <dlfcn.h>
#include <fcntl.h>

#define THREADS 20

static const char source[] =
	"static __thread int counter = 40;\n"
	"static __thread char big[8192];\n"
	"static __thread int ie __attribute__((tls_model(\"initial-exec\")))"
	" = 7;\n"
	"int step(void) { big[counter] = 1; ie++; return ++counter; }\n"
	"int ie_value(void) { return ie; }\n"
	"void *where(void) { return &counter; }\n";

static char dir[] = "/tmp/tls-dlopen-XXXXXX";
static char c_file[64], so_file[64];
static pthread_barrier_t loaded, ready;
static int (*step)(void);
static int (*ie_value)(void);
static void *(*where)(void);

/* Compiled here: a test program is one file. */
static int build(void)
{
	char command[512];
	const char *cc = getenv("CC");
	int fd;

	CHECK(mkdtemp(dir) != NULL);
	snprintf(c_file, sizeof c_file, "%s/m.c", dir);
	snprintf(so_file, sizeof so_file, "%s/m.so", dir);
	fd = open(c_file, O_WRONLY | O_CREAT | O_EXCL, 0600);
	check_write(fd, source, sizeof source - 1);
	CHECK_EQ(close(fd), 0);
	snprintf(command, sizeof command,
		 "%s -O1 -fPIC -shared -o %s %s 2>/dev/null",
		 cc ? cc : "cc", so_file, c_file);
	return system(command);
}

static void clean_up(void)
{
	unlink(c_file);
	unlink(so_file);
	rmdir(dir);
}

static void check_module(void)
{
	void *address = where();

	CHECK_EQ(ie_value(), 7);
	for (int i = 1; i <= 100; i++) {
		CHECK_EQ(step(), 40 + i);
		if (i % 10 == 0)
			sched_yield();
	}
	CHECK_EQ(ie_value(), 107);
	CHECK(where() == address);
}

static void *before(void *arg)
{
	pthread_barrier_wait(&ready);
	pthread_barrier_wait(&loaded);
	check_module();
	return arg;
}

static void *after(void *arg)
{
	check_module();
	return arg;
}

int main(void)
{
	pthread_t t[THREADS];
	void *module;

	if (build() != 0) {
		clean_up();
		fputs("no compiler to build a module with\n", stderr);
		return CHECK_SKIPPED;
	}
	CHECK_OK(pthread_barrier_init(&ready, NULL, THREADS + 1));
	CHECK_OK(pthread_barrier_init(&loaded, NULL, THREADS + 1));
	for (int i = 0; i < THREADS; i++)
		t[i] = check_spawn(before, NULL);
	pthread_barrier_wait(&ready);
	module = dlopen(so_file, RTLD_NOW);
	if (module == NULL)
		fprintf(stderr, "%s\n", dlerror());
	clean_up();
	CHECK(module != NULL);
	step = (int (*)(void))dlsym(module, "step");
	ie_value = (int (*)(void))dlsym(module, "ie_value");
	where = (void *(*)(void))dlsym(module, "where");
	CHECK(step != NULL && ie_value != NULL && where != NULL);
	pthread_barrier_wait(&loaded);
	for (int i = 0; i < THREADS; i++)
		check_join(t[i]);
	for (int i = 0; i < THREADS; i++)
		t[i] = check_spawn(after, NULL);
	for (int i = 0; i < THREADS; i++)
		check_join(t[i]);
	check_module();
	CHECK_EQ(dlclose(module), 0);
	puts("the module's TLS is each thread's own");
	return 0;
}
