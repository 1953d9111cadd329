// SPDX-License-Identifier: GPL-2.0-only
/*
 * Region sets under load: threads make calls without end while the set that
 * judges them is changed, grows, is exchanged, and its users come and go. 64-bit
 * only: the threads learn a call's verdict from its result, by upcall.
 *
 * SUD_UPDATES=N makes the storms of updates that long, whatever time it takes;
 * else they end after some seconds. (LIMIT is for the whole program: see suite.)
 */
#include <pthread.h>
#include <sched.h>

#include "lib/backend.h"
#include "lib/clock.h"
#include "lib/harness.h"
#include "lib/module.h"
#include "lib/new_image.h"
#include "lib/ranges.h"
#include "lib/rnd.h"
#include "lib/set_calls.h"
#include "lib/upcalls.h"

#define READERS 8

#define STUBS 64

static unsigned long updates_given(void)
{
	const char *given = getenv("SUD_UPDATES");

	return given ? strtoul(given, NULL, 0) : 0;
}

/* The limit of a storm's test: suite has the last word. */
static int storm_limit(void)
{
	return updates_given() ? 7200 : 170;
}

static void change(int fd, bool add, const struct sud_range *ranges,
		   uint64_t count)
{
	CHECK_OK(add ? sud_regions_add(fd, ranges, count)
		     : sud_regions_remove(fd, ranges, count));
}

static void change_one(int fd, bool add, uint64_t offset, uint64_t len)
{
	struct sud_range r = { offset, len };

	change(fd, add, &r, 1);
}

/*
 * An update puts some of the parts into the set, or takes them out, in one call.
 * One stub is in the set all the time and one never is, though the addresses on
 * either side of each come and go. The other stubs come and go by groups.
 */
#define ALWAYS 8
#define NEVER 16
#define GROUP 8 /* stubs in each */
#define GROUPS 2
static const int group_at[GROUPS] = { 24, 40 };

#define BESIDE_ALWAYS 2
#define BESIDE_NEVER 3
#define BELOW 4
#define ABOVE 5
#define PARTS 6

static struct part {
	struct sud_range *ranges;
	unsigned int count;
} parts[PARTS];

/* Which groups are in; changed while the epoch is odd. */
static bool group_in[GROUPS];
static unsigned long epoch;
static bool storm_over;

static void part_add(int part, uint64_t offset, uint64_t len)
{
	parts[part].ranges[parts[part].count++] =
		(struct sud_range){ offset, len };
}

static void make_parts(unsigned int bulk)
{
	for (int i = 0; i < PARTS; i++) {
		parts[i].count = 0;
		parts[i].ranges =
			calloc(bulk + GROUP, sizeof(struct sud_range));
		CHECK(parts[i].ranges);
	}
	for (int g = 0; g < GROUPS; g++)
		for (int i = 0; i < GROUP; i++)
			part_add(g, stub_ip(group_at[g] + i), 1);
	part_add(BESIDE_ALWAYS, stub_ip(ALWAYS) - 20, 20);
	part_add(BESIDE_ALWAYS, stub_ip(ALWAYS) + 1, 20);
	part_add(BESIDE_NEVER, stub_ip(NEVER) - 20, 20);
	part_add(BESIDE_NEVER, stub_ip(NEVER) + 1, 20);
	/* What moves all the others up, and what makes the set long. */
	for (unsigned int i = 0; i < bulk; i++) {
		part_add(BELOW, 0x1000 + 32 * i, 16);
		part_add(ABOVE, (1ULL << 52) + 32 * i, 16);
	}
}

static struct reader {
	pthread_t thread;
	int mode;
	int fd;
	/* The last epoch in which it checked a group, and what it found. */
	unsigned long epoch;
	unsigned long calls;
	unsigned long checked[2];
} readers[READERS];

static void check_fixed(const struct reader *me)
{
	if (stub_stopped(ALWAYS, RESULT) != wanted(true, me->mode))
		FAIL("mode %d: what is always in was judged as out", me->mode);
	if (stub_stopped(NEVER, RESULT) != wanted(false, me->mode))
		FAIL("mode %d: what is never in was judged as in", me->mode);
}

/*
 * Between two looks at the same even epoch no update began or ended: all that
 * had ended before the call must hold, and nothing else.
 */
static void check_group(struct reader *me)
{
	unsigned long e = __atomic_load_n(&epoch, __ATOMIC_SEQ_CST);
	int g = rnd(GROUPS);
	bool in = __atomic_load_n(&group_in[g], __ATOMIC_SEQ_CST), was;

	if (e & 1)
		return;
	was = stub_stopped(group_at[g] + rnd(GROUP), RESULT);
	if (__atomic_load_n(&epoch, __ATOMIC_SEQ_CST) != e)
		return;
	if (was != wanted(in, me->mode))
		FAIL("mode %d, after update %lu: a call from what is %s was %s",
		     me->mode, e / 2, in ? "in" : "out",
		     was ? "dispatched" : "let run");
	me->checked[in]++;
	__atomic_store_n(&me->epoch, e, __ATOMIC_SEQ_CST);
}

static void *read_on(void *arg)
{
	struct reader *me = arg;

	rnd_seed = me - readers + 1;
	/* Eight threads must not keep the one with the updates waiting. */
	nice(19);
	arm_by_upcall(me->fd, me->mode);
	while (!__atomic_load_n(&storm_over, __ATOMIC_SEQ_CST)) {
		check_fixed(me);
		check_group(me);
		me->calls += 3;
		/* There are fewer CPUs than threads. */
		if (!rnd(16))
			sched_yield();
	}
	return NULL;
}

static void start_readers(int fd, void *(*fn)(void *))
{
	for (int i = 0; i < READERS; i++) {
		readers[i] =
			(struct reader){ .mode = i % 2 ? SUD_MODE_INCLUSIVE
						       : SUD_MODE_EXCLUSIVE,
					 .fd = fd };
		CHECK_EQ(pthread_create(&readers[i].thread, NULL, fn,
					&readers[i]),
			 0);
	}
}

static void end_readers(void)
{
	__atomic_store_n(&storm_over, true, __ATOMIC_SEQ_CST);
	for (int i = 0; i < READERS; i++)
		CHECK_EQ(pthread_join(readers[i].thread, NULL), 0);
}

/* The reader has checked a group in this epoch. */
static void await_reader(int i)
{
	while (__atomic_load_n(&readers[i].epoch, __ATOMIC_SEQ_CST) != epoch)
		usleep(100);
}

static void update(int fd)
{
	static struct sud_range ranges[RANGES_MAX];
	unsigned int n = 0, which = 1 + rnd((1 << PARTS) - 1);
	bool add = rnd(2);

	for (int i = 0; i < PARTS; i++) {
		if (!(which & 1 << i))
			continue;
		memcpy(ranges + n, parts[i].ranges,
		       parts[i].count * sizeof(*ranges));
		n += parts[i].count;
	}
	__atomic_add_fetch(&epoch, 1, __ATOMIC_SEQ_CST);
	change(fd, add, ranges, n);
	for (int g = 0; g < GROUPS; g++)
		if (which & 1 << g)
			__atomic_store_n(&group_in[g], add, __ATOMIC_SEQ_CST);
	__atomic_add_fetch(&epoch, 1, __ATOMIC_SEQ_CST);
}

/*
 * @bulk: of ranges below, and above, the stubs. Now and then the updates stop
 * until some reader has made a call, so that a stale verdict cannot hide.
 */
static void storm(unsigned int bulk, unsigned long updates, int most_seconds)
{
	unsigned long done, calls = 0, checked[2] = { 0 };
	double limit = seconds() + often(most_seconds);

	rnd_seed = time(NULL);
	make_stubs(STUBS);
	make_parts(bulk);
	change_one(sud_fd, true, stub_ip(ALWAYS), 1);
	start_readers(sud_fd, read_on);
	for (done = 0; done < updates; done++) {
		if (!updates_given() && !(done & 15) &&
		    done >= (unsigned long)often(500) && seconds() > limit)
			break;
		update(sud_fd);
		if (!rnd(64))
			await_reader(rnd(READERS));
	}
	for (int i = 0; i < READERS; i++)
		await_reader(i);
	end_readers();
	for (int i = 0; i < READERS; i++) {
		calls += readers[i].calls;
		checked[0] += readers[i].checked[0];
		checked[1] += readers[i].checked[1];
	}
	printf("# %lu updates, %lu calls, of which between two updates %lu in and %lu out\n",
	       done, calls, checked[1], checked[0]);
	CHECK(checked[0] && checked[1]);
}

TEST_LIMIT(small, "8 threads, a set of few ranges: no torn or stale verdict",
	   false, storm_limit())
{
	unsigned long given = updates_given();

	storm(16, given ? given : 1000000, 20);
}

TEST_LIMIT(large, "the same in a set of thousands", false, storm_limit())
{
	unsigned long given = updates_given();

	storm(4000, given ? given / 100 : 10000, 8);
}

TEST_LIMIT(huge, "and in one that goes from 1 to 60,000 and back", false,
	   storm_limit())
{
	unsigned long given = updates_given();

	storm(30000, given ? given / 1000 : 1000, 8);
}

/* Readers that take over each new set as it is offered. */
static int offer_fd = -1;
static unsigned long offer, taken[READERS];

static void *follow(void *arg)
{
	struct reader *me = arg;
	unsigned long have = 0, now;

	while (!__atomic_load_n(&storm_over, __ATOMIC_SEQ_CST)) {
		now = __atomic_load_n(&offer, __ATOMIC_SEQ_CST);
		if (now != have) {
			arm_by_upcall(offer_fd, me->mode);
			have = now;
			__atomic_store_n(&taken[me - readers], now,
					 __ATOMIC_SEQ_CST);
		}
		if (have)
			check_fixed(me);
		me->calls++;
		if (me->calls % 32 == 0)
			sched_yield();
	}
	return NULL;
}

TEST_LIMIT(growing, "8 threads in sets that grow from one range to thousands",
	   false, 170)
{
	static struct sud_range ranges[16384];
	double limit = seconds() + often(8);
	int fd, old = -1, sets = 0;

	make_stubs(STUBS);
	for (unsigned int i = 0; i < COUNT(ranges); i++)
		ranges[i] = (struct sud_range){ 0x1000 + 32 * i, 16 };
	start_readers(-1, follow);
	for (sets = 0; sets < 200 && (sets < 5 || seconds() < limit); sets++) {
		fd = sud_open();
		CHECK_OK(fd);
		change_one(fd, true, stub_ip(ALWAYS), 1);
		offer_fd = fd;
		__atomic_add_fetch(&offer, 1, __ATOMIC_SEQ_CST);
		/* Each step takes the place of a copy that is in use. */
		for (unsigned int n = 1; n <= COUNT(ranges); n *= 2) {
			change(fd, true, ranges + n / 2, n - n / 2);
			sched_yield();
		}
		for (int i = 0; i < READERS; i++)
			while (__atomic_load_n(&taken[i], __ATOMIC_SEQ_CST) !=
			       offer)
				sched_yield();
		if (old >= 0)
			CHECK_OK(close(old));
		old = fd;
	}
	end_readers();
	printf("# %d sets\n", sets);
}

static void *visit(void *arg)
{
	struct reader *me = arg;

	arm_by_upcall(me->fd, me->mode);
	for (int i = 0; i < 10; i++)
		check_fixed(me);
	/* Exits armed. */
	return NULL;
}

/* A process that comes, uses the set, and goes in one of four ways. */
static void visit_process(struct reader *me, int way)
{
	int status;
	pid_t pid = fork();

	CHECK_OK(pid);
	if (!pid) {
		visit(me);
		if (way == 1)
			new_image_exec();
		if (way == 2)
			kill(getpid(), SIGKILL);
		if (way == 3 && !fork())
			_exit(stub_stopped(NEVER, RESULT));
		if (way == 3) {
			CHECK_OK(wait(&status));
			_exit(status);
		}
		_exit(0);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	if (way == 1)
		CHECK(WIFEXITED(status) &&
		      WEXITSTATUS(status) == NEW_IMAGE_OFF);
	else if (way == 2)
		CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	else
		CHECK_EQ(status, 0);
}

static void *flip_beside(void *fd)
{
	while (!__atomic_load_n(&storm_over, __ATOMIC_SEQ_CST)) {
		bool add = rnd(2);

		change(*(int *)fd, add, parts[BESIDE_ALWAYS].ranges, 2);
		change(*(int *)fd, add, parts[BESIDE_NEVER].ranges, 2);
		change(*(int *)fd, add, parts[BELOW].ranges,
		       parts[BELOW].count);
		if (!rnd(4))
			sched_yield();
	}
	return NULL;
}

TEST_LIMIT(visitors,
	   "threads and processes come and go, by exit, exec, fork and death",
	   false, 170)
{
	double limit = seconds() + 10;
	pthread_t flipper;
	int rounds, refs_before = module_refs();

	make_stubs(STUBS);
	make_parts(16);
	change_one(sud_fd, true, stub_ip(ALWAYS), 1);
	start_readers(sud_fd, follow);
	offer_fd = sud_fd;
	__atomic_add_fetch(&offer, 1, __ATOMIC_SEQ_CST);
	CHECK_EQ(pthread_create(&flipper, NULL, flip_beside, &sud_fd), 0);
	for (rounds = 0; rounds < 300 && (rounds < 8 || seconds() < limit);
	     rounds++) {
		struct reader other = { .mode = 1 + rounds % 2, .fd = sud_fd };

		CHECK_EQ(pthread_create(&other.thread, NULL, visit, &other), 0);
		visit_process(&other, rounds / 2 % 4);
		CHECK_EQ(pthread_join(other.thread, NULL), 0);
	}
	end_readers();
	CHECK_EQ(pthread_join(flipper, NULL), 0);
	printf("# %d rounds\n", rounds);
	/* Nobody is armed any more. */
	check_refs_within(refs_before, 20000);
}

/* Each has some addresses of its own, and sees at once what it does to them. */
static void *write_own(void *arg)
{
	struct reader *me = arg;
	int stub = ALWAYS + 1 + (me - readers);
	bool in;
	struct sud_range mine[3] = { { stub_ip(stub) - 20, 10 },
				     { stub_ip(stub), 1 },
				     { 0x100000 + 0x1000 * (me - readers),
				       0x1000 } };

	rnd_seed = me - readers + 1;
	arm_by_upcall(sud_fd, me->mode);
	while (!__atomic_load_n(&storm_over, __ATOMIC_SEQ_CST)) {
		in = rnd(2);
		change(sud_fd, in, mine, 3);
		if (stub_stopped(stub, RESULT) != wanted(in, me->mode))
			FAIL("mode %d: its own change was not seen", me->mode);
		me->calls++;
		if (!rnd(4))
			sched_yield();
	}
	/* To be found by LIST. */
	change(sud_fd, true, mine, 3);
	return NULL;
}

TEST_LIMIT(writers, "8 threads change one set: no change is lost", false, 170)
{
	struct sud_range got[3 * READERS + 1];
	double limit = seconds() + 6;
	unsigned long least;
	__u64 n = COUNT(got);

	make_stubs(STUBS);
	start_readers(sud_fd, write_own);
	do {
		sleep_ms(20);
		least = -1;
		for (int i = 0; i < READERS; i++)
			if (readers[i].calls < least)
				least = readers[i].calls;
	} while (least < 20 || (least < 5000 && seconds() < limit));
	end_readers();
	printf("# %lu changes and more by each\n", least);
	CHECK_OK(sud_regions_list(sud_fd, got, &n));
	/* The last ranges of all adjoin each other. */
	CHECK_EQ(n, 1 + 2 * READERS);
	CHECK_EQ(got[0].offset, 0x100000);
	CHECK_EQ(got[0].len, 0x1000 * READERS);
	for (int i = 0; i < READERS; i++) {
		uint64_t ip = stub_ip(ALWAYS + 1 + i);

		CHECK_EQ(got[1 + 2 * i].offset, ip - 20);
		CHECK_EQ(got[1 + 2 * i].len, 10);
		CHECK_EQ(got[2 + 2 * i].offset, ip);
		CHECK_EQ(got[2 + 2 * i].len, 1);
	}
}

static unsigned long lists[2];

static void *list_on(void *unused)
{
	static struct sud_range got[64 + GROUP];

	(void)unused;
	while (!__atomic_load_n(&storm_over, __ATOMIC_SEQ_CST)) {
		__u64 n = COUNT(got);

		CHECK_OK(sud_regions_list(sud_fd, got, &n));
		CHECK(n == 0 || n == 64);
		CHECK(!memcmp(got, parts[BELOW].ranges, n * sizeof(*got)));
		__atomic_add_fetch(&lists[!!n], 1, __ATOMIC_SEQ_CST);
		sched_yield();
	}
	return NULL;
}

TEST_LIMIT(listed, "LIST sees all of a change or nothing of it", false, 170)
{
	double limit = seconds() + 5;
	pthread_t thread;
	int i;

	make_parts(64);
	CHECK_EQ(pthread_create(&thread, NULL, list_on, NULL), 0);
	for (i = 0; i < 20000 || !lists[0] || !lists[1]; i++) {
		if (i > 1000 && lists[0] && lists[1] && seconds() > limit)
			break;
		change(sud_fd, !(i % 2), parts[BELOW].ranges, 64);
		if (!rnd(4))
			sched_yield();
	}
	storm_over = true;
	CHECK_EQ(pthread_join(thread, NULL), 0);
	printf("# %d changes, %lu lists\n", i, lists[0] + lists[1]);
}
