// SPDX-License-Identifier: GPL-2.0-only
/*
 * SUD_IOC_UNSYNCED: which threads of the process are not armed as the caller is, and
 * that "none" is true while threads come and go.
 */
#include <pthread.h>
#include <stddef.h>
#include <sys/ioctl.h>

#include "lib/armed.h"
#include "lib/backend.h"
#include "lib/detached.h"
#include "lib/harness.h"
#include "lib/listed.h"
#include "lib/memory.h"
#include "lib/sites.h"
#include "lib/uring.h"
#include "lib/workers.h"

#define ROOM 200

static __s32 tids[ROOM];

/* More threads than one call gives. */
#define MANY 150

static pid_t tid_of[MANY];

static void say_tid(struct worker *w)
{
	tid_of[w - workers] = syscall(SYS_gettid);
}

static void set_as_told(struct worker *w)
{
	(void)w;
	CHECK_OK(sud_set(sud_fd, &arm_with));
}

static void with_workers(int n)
{
	start_workers(n);
	all_take_turns(say_tid);
}

/* Just these workers are given, each once. */
static void check_unsynced(int first, int n)
{
	CHECK_EQ(sud_unsynced(sud_fd, tids, ROOM), n);
	for (int i = 0; i < n; i++) {
		int times = 0;

		for (int j = 0; j < n; j++)
			times += tids[j] == tid_of[first + i];
		CHECK_EQ(times, 1);
	}
}

TEST(layout, "the struct has the published size and offsets")
{
	CHECK_EQ(sizeof(struct sud_unsynced), 24);
	CHECK_EQ(offsetof(struct sud_unsynced, tids), 8);
	CHECK_EQ(offsetof(struct sud_unsynced, count), 16);
}

TEST(alone, "a thread that is alone has none beside it, armed or not")
{
	check_unsynced(0, 0);
	arm_a(0);
	check_unsynced(0, 0);
}

TEST(off, "armed threads are given to one that is off, and the other way round")
{
	with_workers(3);
	check_unsynced(0, 0);
	arm_with = config_a(0);
	take_turn(&workers[1], set_as_told);
	check_unsynced(1, 1);
	arm_a(0);
	CHECK_EQ(sud_unsynced(sud_fd, tids, ROOM), 2);
	take_turn(&workers[0], set_as_told);
	take_turn(&workers[2], set_as_told);
	check_unsynced(0, 0);
	take_turn(&workers[2], must_disarm);
	check_unsynced(2, 1);
	CHECK_OK(disarm());
	check_unsynced(0, 2);
}

/* All but one field are the same. */
static void check_differs(const struct sud_config *mine,
			  const struct sud_config *its)
{
	CHECK_OK(sud_set(sud_fd, mine));
	arm_with = *its;
	take_turn(&workers[0], set_as_told);
	check_unsynced(0, 1);
	arm_with = *mine;
	take_turn(&workers[0], set_as_told);
	check_unsynced(0, 0);
}

TEST(config, "every field of the configuration counts")
{
	struct sud_config mine = config_a(0), its;
	/* Two selectors that say ALLOW, and two tops of frames. */
	static char bytes[2];
	static __u64 tops[2];

	with_workers(1);
	mine.selector = (uintptr_t)&bytes[0];
#define CHECK_FIELD(field, value)           \
	do {                                \
		its = mine;                 \
		its.field = (value);        \
		check_differs(&mine, &its); \
	} while (0)
	CHECK_FIELD(mode, SUD_MODE_EXCLUSIVE);
	CHECK_FIELD(offset, mine.offset - 1);
	CHECK_FIELD(len, mine.len + 1);
	CHECK_FIELD(selector, (uintptr_t)&bytes[1]);
	CHECK_FIELD(flags, BOTH);
	mine.delivery = SUD_DELIVER_UPCALL;
	mine.upcall_entry = (uintptr_t)site_b;
	CHECK_FIELD(upcall_entry, (uintptr_t)site_a);
	mine.upcall_frame = (uintptr_t)&tops[0];
	CHECK_FIELD(upcall_frame, (uintptr_t)&tops[1]);
	CHECK_FIELD(upcall_frame, 0);
}

static int other_fd;

static void set_on_other(struct worker *w)
{
	(void)w;
	CHECK_OK(sud_set(other_fd, &arm_with));
}

/* What belongs to the descriptor, though the configurations are the same. */
static void check_descriptor_counts(void)
{
	CHECK_OK(sud_set(sud_fd, &arm_with));
	take_turn(&workers[0], set_on_other);
	check_unsynced(0, 1);
	take_turn(&workers[0], set_as_told);
	check_unsynced(0, 0);
}

TEST(sets, "the same configuration with another region set is another")
{
	struct sud_range range = { (uintptr_t)site_a,
				   site_a_end - (char *)site_a };

	with_workers(1);
	other_fd = sud_open();
	CHECK_OK(sud_regions_add(sud_fd, &range, 1));
	CHECK_OK(sud_regions_add(other_fd, &range, 1));
	arm_with = (struct sud_config){
		.size = sizeof(arm_with),
		.mode = SUD_MODE_INCLUSIVE,
		.flags = SUD_FLAG_REGIONS,
	};
	check_descriptor_counts();
}

TEST(listeners, "and with another listener")
{
	with_workers(1);
	other_fd = sud_open();
	CHECK_OK(sud_listen(sud_fd, 0));
	CHECK_OK(sud_listen(other_fd, 0));
	arm_with = config_a(0);
	arm_with.delivery = SUD_DELIVER_NOTIFY;
	check_descriptor_counts();
}

TEST(many, "more than one call gives: each call gives some, the last one none")
{
	int given = 0, n;

	arm_with = config_a(0);
	with_workers(MANY);
	CHECK_OK(sud_set(sud_fd, &arm_with));
	do {
		n = sud_unsynced(sud_fd, tids, ROOM);
		CHECK_OK(n);
		for (int i = 0; i < n; i++)
			for (int w = 0; w < MANY; w++)
				if (tid_of[w] == tids[i])
					take_turn(&workers[w], set_as_told);
		given += n;
	} while (n);
	CHECK_EQ(given, MANY);
	/* With room for a few, the earliest are given. */
	CHECK_OK(disarm());
	for (int room = 1; room < 4; room++) {
		memset(tids, 0, sizeof(tids));
		CHECK_EQ(sud_unsynced(sud_fd, tids, room), room);
		for (int i = 0; i < room; i++)
			CHECK_EQ(tids[i], tid_of[i]);
		CHECK_EQ(tids[room], 0);
	}
}

TEST(inherited, "a thread that inherits is not given; one that does not, is")
{
	arm_a(SUD_FLAG_INHERIT_THREAD);
	with_workers(2);
	check_unsynced(0, 0);
	arm_a(0);
	check_unsynced(0, 2);
}

static void *ask_without_main(void *arg)
{
	int n;

	while (listed(getpid(), NULL))
		usleep(1000);
	n = sud_unsynced(sud_fd, tids, ROOM);
	exit(n ? 1 : 42);
	return arg;
}

static void main_ends(void)
{
	pthread_t thread;

	arm_a(0);
	CHECK_OK(-pthread_create(&thread, NULL, ask_without_main, NULL));
	syscall(SYS_exit, 0);
}

TEST(zombie, "a main thread that has ended is not given")
{
	CHECK_EQ(in_child(main_ends), 42 << 8);
}

TEST(process, "another process is not given")
{
	int go[2], status;
	char c;

	CHECK_OK(pipe(go));
	pid_t pid = fork();

	if (!pid) {
		arm_a(0);
		_exit(read(go[0], &c, 1) != 1);
	}
	while (!listed(pid, NULL))
		usleep(1000);
	check_unsynced(0, 0);
	CHECK_OK(write(go[1], "x", 1));
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
}

#ifdef __LP64__
TEST(uring, "io_uring's threads are not given")
{
	if (!uring_start_threads())
		SKIP("no io_uring here");
	check_unsynced(0, 0);
	arm_a(0);
	check_unsynced(0, 0);
	with_workers(1);
	check_unsynced(0, 1);
}
#endif

static struct sud_unsynced good(void)
{
	return (struct sud_unsynced){
		.size = sizeof(struct sud_unsynced),
		.tids = (uintptr_t)tids,
		.count = ROOM,
	};
}

#define CHECK_UNSYNCED_ERR(field, value, err)                            \
	do {                                                             \
		struct sud_unsynced args_ = good(), was_;                \
		args_.field = (value);                                   \
		was_ = args_;                                            \
		CHECK_ERR(ioctl(sud_fd, SUD_IOC_UNSYNCED, &args_), err); \
		CHECK(!memcmp(&args_, &was_, sizeof(args_)));            \
	} while (0)

TEST(invalid, "each field has its error, and nothing is written")
{
	with_workers(1);
	arm_a(0);
	CHECK_UNSYNCED_ERR(size, 0, EINVAL);
	CHECK_UNSYNCED_ERR(size, 23, EINVAL);
	CHECK_UNSYNCED_ERR(size, 4097, E2BIG);
	CHECK_UNSYNCED_ERR(flags, 1, EINVAL);
	CHECK_UNSYNCED_ERR(flags, 1U << 31, EINVAL);
	CHECK_UNSYNCED_ERR(count, 0, EINVAL);
	CHECK_UNSYNCED_ERR(tids, 0, EFAULT);
	CHECK_UNSYNCED_ERR(tids, 1ULL << 63, EFAULT);
#ifndef __LP64__
	CHECK_UNSYNCED_ERR(tids, (1ULL << 32) + (uintptr_t)tids, EFAULT);
#endif
	CHECK_ERR(ioctl(sud_fd, SUD_IOC_UNSYNCED, NULL), EFAULT);
}

TEST(fault,
     "what cannot be read or written is EFAULT; where none is given, no address counts")
{
	struct sud_unsynced args = good();

	CHECK_ERR(ioctl(sud_fd, SUD_IOC_UNSYNCED, at_page_end(&args, 8)),
		  EFAULT);
	CHECK_ERR(ioctl(sud_fd, SUD_IOC_UNSYNCED,
			at_page_end_read_only(&args, sizeof(args))),
		  EFAULT);
	args.tids = 0;
	CHECK_OK(ioctl(sud_fd, SUD_IOC_UNSYNCED, &args));
	CHECK_EQ(args.count, 0);
	with_workers(2);
	arm_a(0);
	args = good();
	args.tids = (uintptr_t)at_page_end(tids, 4);
	CHECK_ERR(ioctl(sud_fd, SUD_IOC_UNSYNCED, &args), EFAULT);
	args.count = 1;
	CHECK_OK(ioctl(sud_fd, SUD_IOC_UNSYNCED, &args));
	CHECK_EQ(args.count, 1);
}

TEST(larger, "a larger struct is taken when the rest is zero, else E2BIG")
{
	struct {
		struct sud_unsynced args;
		unsigned char more[8];
	} big = { .args = good() };

	big.args.size = sizeof(big);
	CHECK_OK(ioctl(sud_fd, SUD_IOC_UNSYNCED, &big));
	CHECK_EQ(big.args.size, sizeof(big.args));
	big.args = good();
	big.args.size = sizeof(big);
	big.more[7] = 1;
	CHECK_ERR(ioctl(sud_fd, SUD_IOC_UNSYNCED, &big), E2BIG);
}

#ifdef __LP64__
/*
 * Chains of threads: each thread makes the next one and ends. In each chain one of them
 * arms itself at some time, and those behind it inherit. So when none is given, each
 * thread that is alive is armed, and so is each that is made later.
 */
#define CHAINS 8

static volatile bool chains_end;
static volatile int chains, armed_links, off_links;
static volatile int said_none;

static bool is_armed(void)
{
	struct sud_config config;

	return !sud_get(sud_fd, &config) && config.mode != SUD_MODE_OFF;
}

static void *link_of_chain(void *arg)
{
	int before = __atomic_load_n(&said_none, __ATOMIC_SEQ_CST);
	unsigned int x = 0;

	if (is_armed())
		__atomic_add_fetch(&armed_links, 1, __ATOMIC_RELAXED);
	else if (before)
		__atomic_add_fetch(&off_links, 1, __ATOMIC_RELAXED);
	else if (syscall(SYS_gettid) % 16 == 0)
		CHECK_OK(sud_set(sud_fd, &arm_with));
	for (int i = syscall(SYS_gettid) % 7; i; i--)
		for (int j = 0; j < 3000; j++)
			asm volatile("" : "+r"(x));
	if (chains_end || !start_detached(link_of_chain))
		__atomic_sub_fetch(&chains, 1, __ATOMIC_SEQ_CST);
	return arg;
}

TEST_LIMIT(chains, "none is none, while threads make others and end", false, 90)
{
	int n;

	for (int round = 0; round < 10; round++) {
		said_none = armed_links = off_links = 0;
		chains_end = false;
		chains = CHAINS;
		arm_with = config_a(SUD_FLAG_INHERIT_THREAD);
		/* The chains begin before this thread is armed, and off. */
		CHECK_OK(disarm());
		for (int i = 0; i < CHAINS; i++)
			CHECK(start_detached(link_of_chain));
		CHECK_OK(sud_set(sud_fd, &arm_with));
		do {
			n = sud_unsynced(sud_fd, tids, ROOM);
			CHECK_OK(n);
		} while (n && !sched_yield());
		__atomic_store_n(&said_none, 1, __ATOMIC_SEQ_CST);
		armed_links = 0;
		while (armed_links < 100)
			sched_yield();
		chains_end = true;
		while (chains)
			sched_yield();
		CHECK_EQ(off_links, 0);
	}
}
#endif
