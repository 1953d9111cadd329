// SPDX-License-Identifier: GPL-2.0-only
/*
 * SUD_UPCALL_ALL_THREADS: one call arms a process that has threads already, and
 * sud_upcall_remove_all() is the way back.
 */
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>

#include "lib/backend.h"
#include "lib/detached.h"
#include "lib/harness.h"
#include "lib/libsud_guest.h"
#include "lib/sites.h"
#include "lib/upcalls.h"
#include "lib/uring.h"

#define THREADS 16

static long tell(struct sud_call *call)
{
	if (call->rax == MAGIC_NR)
		return call->rdi + 1;
	return sud_call_native(call);
}

static const struct sud_options all = {
	.mode = SUD_MODE_EXCLUSIVE,
	.flags = SUD_UPCALL_INHERIT | SUD_UPCALL_ALL_THREADS,
};

static bool is_armed(void)
{
	return site_a(MAGIC_NR, 41, 0, 0) == 42;
}

/* Each thread says what it is, as often as it is asked. */
static volatile int asked, said_armed, said_off;

static void *say(void *arg)
{
	int last = 0;

	while (last >= 0) {
		int now = __atomic_load_n(&asked, __ATOMIC_ACQUIRE);

		if (now == last) {
			sched_yield();
			continue;
		}
		last = now;
		__atomic_add_fetch(is_armed() ? &said_armed : &said_off, 1,
				   __ATOMIC_RELEASE);
	}
	return arg;
}

static void check_all(int armed, int off)
{
	said_armed = 0;
	said_off = 0;
	__atomic_add_fetch(&asked, 1, __ATOMIC_RELEASE);
	while (__atomic_load_n(&said_armed, __ATOMIC_ACQUIRE) +
		       __atomic_load_n(&said_off, __ATOMIC_ACQUIRE) <
	       armed + off)
		sched_yield();
	CHECK_EQ(said_armed, armed);
	CHECK_EQ(said_off, off);
}

static void start(pthread_t *threads, void *(*fn)(void *))
{
	for (int i = 0; i < THREADS; i++)
		CHECK_EQ(pthread_create(&threads[i], NULL, fn, NULL), 0);
}

static void end(pthread_t *threads)
{
	asked = -1;
	for (int i = 0; i < THREADS; i++)
		CHECK_EQ(pthread_join(threads[i], NULL), 0);
}

TEST_LIMIT(there_already, "all threads there are, on and off again", false, 60)
{
	pthread_t threads[THREADS];

	start(threads, say);
	for (int i = 0; i < 5; i++) {
		check_all(0, THREADS);
		CHECK_OK(sud_upcall_install(tell, &all));
		CHECK(is_armed());
		check_all(THREADS, 0);
		CHECK_OK(sud_upcall_remove_all());
		CHECK(!is_armed());
	}
	check_all(0, THREADS);
	end(threads);
}

/* Threads that make threads and end, while the process is armed. */
static volatile bool stop;
static volatile int born_off, turn; /* odd: all are armed */

static void *restless(void *arg)
{
	int before = __atomic_load_n(&turn, __ATOMIC_SEQ_CST);
	bool off = !is_armed();

	if (off && before & 1 &&
	    __atomic_load_n(&turn, __ATOMIC_SEQ_CST) == before)
		__atomic_add_fetch(&born_off, 1, __ATOMIC_RELAXED);
	if (!stop)
		start_detached(restless);
	return arg;
}

TEST_LIMIT(restless, "threads that come and go meanwhile", false, 60)
{
	for (int i = 0; i < 8; i++)
		CHECK(start_detached(restless));
	for (int i = 0; i < 10; i++) {
		CHECK_OK(sud_upcall_install(tell, &all));
		__atomic_add_fetch(&turn, 1, __ATOMIC_SEQ_CST);
		for (int j = 0; j < 100; j++)
			sched_yield();
		__atomic_add_fetch(&turn, 1, __ATOMIC_SEQ_CST);
		CHECK_EQ(born_off, 0);
		CHECK_OK(sud_upcall_remove_all());
	}
	stop = true;
}

/* A thread in a call, with all signals blocked that the C library lets it block. */
static int pipe_fds[2];
static volatile long read_gave;
static volatile bool waits, in_read_armed;

static void *block_and_read(void *arg)
{
	sigset_t set;
	char c;

	sigfillset(&set);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	waits = true;
	read_gave = read(pipe_fds[0], &c, 1);
	in_read_armed = is_armed();
	return arg;
}

TEST(in_a_call, "a thread in a call with its signals blocked; the call goes on")
{
	pthread_t t;

	CHECK_OK(pipe(pipe_fds));
	CHECK_EQ(pthread_create(&t, NULL, block_and_read, NULL), 0);
	while (!waits)
		sched_yield();
	usleep(50000);
	CHECK_OK(sud_upcall_install(tell, &all));
	CHECK_EQ(write(pipe_fds[1], "x", 1), 1);
	CHECK_EQ(pthread_join(t, NULL), 0);
	CHECK_EQ(read_gave, 1);
	CHECK(in_read_armed);
}

/* A main thread that has ended is still in the list of threads. */
static void *without_main(void *arg)
{
	int err = 0;

	usleep(100000);
	if (sud_upcall_install(tell, &all))
		err = errno;
	if (!err && !is_armed())
		err = 99;
	if (!err && sud_upcall_remove_all())
		err = errno;
	exit(err ? err : 42);
	return arg;
}

static void main_ends(void)
{
	pthread_t t;

	CHECK_EQ(pthread_create(&t, NULL, without_main, NULL), 0);
	syscall(SYS_exit, 0);
}

TEST(main_ended, "a main thread that has ended is no hindrance")
{
	CHECK_EQ(in_child(main_ends), 42 << 8);
}

/* They take no signals, and need not be armed. */
TEST(uring, "io_uring's own threads are no hindrance")
{
	if (!uring_start_threads())
		SKIP("no io_uring here");
	CHECK_OK(sud_upcall_install(tell, &all));
	CHECK(is_armed());
	CHECK_OK(sud_upcall_remove_all());
	CHECK(!is_armed());
}

/* Whose signal is it? The C library's own setuid() uses the same. */
static volatile uid_t uids[THREADS];
static volatile int next_uid;

static void *tell_uid(void *arg)
{
	while (!stop)
		sched_yield();
	uids[__atomic_fetch_add(&next_uid, 1, __ATOMIC_RELAXED)] =
		syscall(SYS_getuid);
	return arg;
}

TEST(set_uid, "the C library's setuid(), before, within and after")
{
	pthread_t threads[THREADS];

	CHECK_OK(setresuid(1, 0, 0));
	start(threads, tell_uid);
	CHECK_OK(setresuid(2, 0, 0));
	CHECK_OK(sud_upcall_install(tell, &all));
	CHECK_OK(setresuid(3, 0, 0));
	CHECK_OK(sud_upcall_remove_all());
	CHECK_OK(setresuid(4, 0, 0));
	stop = true;
	for (int i = 0; i < THREADS; i++)
		CHECK_EQ(pthread_join(threads[i], NULL), 0);
	for (int i = 0; i < THREADS; i++)
		CHECK_EQ(uids[i], 4);
}

/* By raw calls a thread can keep that signal away. */
static volatile int raw_ready;

static void *block_raw(void *arg)
{
	uint64_t set = -1;

	syscall(SYS_rt_sigprocmask, SIG_BLOCK, &set, NULL, 8);
	raw_ready = 1;
	while (!stop)
		sched_yield();
	set = 0;
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &set, NULL, 8);
	/* The signal comes now, and is too late. */
	return is_armed() ? arg : NULL;
}

TEST_LIMIT(unreachable,
	   "one that cannot be reached: ETIMEDOUT, and none is armed", false,
	   120)
{
	pthread_t t, others[THREADS];
	void *r;

	start(others, say);
	CHECK_EQ(pthread_create(&t, NULL, block_raw, others), 0);
	while (!raw_ready)
		sched_yield();
	CHECK_ERR(sud_upcall_install(tell, &all), ETIMEDOUT);
	CHECK(!is_armed());
	check_all(0, THREADS);
	stop = true;
	CHECK_EQ(pthread_join(t, &r), 0);
	CHECK(!r);
	CHECK_OK(sud_upcall_install(tell, &all));
	check_all(THREADS, 0);
	CHECK_OK(sud_upcall_remove_all());
	end(others);
}

/* Two at a time. */
static void *install_often(void *arg)
{
	for (int i = 0; i < 5; i++)
		if (sud_upcall_install(tell, &all) || !is_armed())
			return arg;
	return NULL;
}

TEST_LIMIT(at_once, "all threads arm all threads at once", false, 60)
{
	pthread_t threads[4];
	void *r;

	for (int i = 0; i < 4; i++)
		CHECK_EQ(pthread_create(&threads[i], NULL, install_often, &r),
			 0);
	for (int i = 0; i < 4; i++) {
		CHECK_EQ(pthread_join(threads[i], &r), 0);
		CHECK(!r);
	}
	CHECK(is_armed());
	CHECK_OK(sud_upcall_remove_all());
}

/* Threads with a handler of their own are taken over. */
static void *own_then_all(void *arg)
{
	install(note);
	if (site_a(MAGIC_NR, 0, 0, 0) != RESULT)
		return arg;
	sud_call_allow();
	waits = true;
	while (!stop)
		sched_yield();
	return is_armed() ? NULL : arg;
}

TEST(taken_over, "a thread that installed for itself")
{
	pthread_t t;
	void *r;

	CHECK_EQ(pthread_create(&t, NULL, own_then_all, &r), 0);
	while (!waits)
		sched_yield();
	CHECK_OK(sud_upcall_install(tell, &all));
	stop = true;
	CHECK_EQ(pthread_join(t, &r), 0);
	CHECK(!r);
}
