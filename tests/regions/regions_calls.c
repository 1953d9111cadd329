// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls judged by a region set: to the byte, in both modes, in sets of every size; and
 * as sets change and are exchanged. Sets that threads share are in regions_shared.c,
 * sets under load in regions_storm.c.
 */
#include "lib/backend.h"
#include "lib/clock.h"
#include "lib/harness.h"
#include "lib/ranges.h"
#include "lib/rnd.h"
#include "lib/set_calls.h"
#include "lib/sigsys.h"
#include "lib/sites.h"

static void arm_set(int fd, int mode)
{
	struct sud_config c = config_by_set(mode);

	handle_sigsys();
	selector = SUD_SELECTOR_ALLOW;
	CHECK_OK(sud_set(fd, &c));
}

TEST(set_errors, "SET with REGIONS: a region of its own is EINVAL")
{
	static const int modes[] = { SUD_MODE_EXCLUSIVE, SUD_MODE_INCLUSIVE };
	struct sud_config c, before, after;

	arm_set(sud_fd, SUD_MODE_INCLUSIVE);
	CHECK_OK(sud_get(sud_fd, &before));
	for (int i = 0; i < 2; i++) {
		c = config_by_set(modes[i]);
		c.offset = 0x1000;
		CHECK_ERR(sud_set(sud_fd, &c), EINVAL);
		c = config_by_set(modes[i]);
		c.len = 0x1000;
		CHECK_ERR(sud_set(sud_fd, &c), EINVAL);
		c = config_by_set(modes[i]);
		c.offset = 0x1000;
		c.len = 0x1000;
		CHECK_ERR(sud_set(sud_fd, &c), EINVAL);
	}
	c = config_by_set(SUD_MODE_OFF);
	c.selector = 0;
	CHECK_ERR(sud_set(sud_fd, &c), EINVAL);
	c = config_by_set(3);
	CHECK_ERR(sud_set(sud_fd, &c), EINVAL);
	CHECK_OK(sud_get(sud_fd, &after));
	CHECK(!memcmp(&before, &after, sizeof(before)));
}

TEST(get, "GET returns what SET with REGIONS was given")
{
	for (int mode = SUD_MODE_EXCLUSIVE; mode <= SUD_MODE_INCLUSIVE;
	     mode++) {
		struct sud_config set = config_by_set(mode), got;

		arm_set(sud_fd, mode);
		CHECK_OK(sud_get(sud_fd, &got));
		CHECK(!memcmp(&set, &got, sizeof(set)));
	}
}

/* Whether a call by this stub is dispatched, with the selector at BLOCK. */
static bool stopped(int i)
{
	int before = seen.count;
	long r;

	selector = SUD_SELECTOR_BLOCK;
	r = ((site_fn *)(stubs + i * SLOT))(MAGIC_NR, 0, 0, 0);
	selector = SUD_SELECTOR_ALLOW;
	if (r == MAGIC_NR && seen.count == before + 1)
		return true;
	if (r != -ENOSYS || seen.count != before)
		FAIL("a call gave %ld and %d signals", r, seen.count - before);
	return false;
}

TEST(empty_set, "an empty set: exclusive exempts nothing, inclusive all")
{
	make_stubs(1);
	arm_set(sud_fd, SUD_MODE_EXCLUSIVE);
	CHECK(stopped(0));
	arm_set(sud_fd, SUD_MODE_INCLUSIVE);
	CHECK(!stopped(0));
}

TEST(selector, "where the set does not let a call run, the selector counts")
{
	make_stubs(2);
	add_one(sud_fd, stub_ip(0), 1);
	arm_set(sud_fd, SUD_MODE_EXCLUSIVE);
	CHECK_EQ(((site_fn *)stubs)(SYS_getpid, 0, 0, 0), getpid());
	CHECK_EQ(((site_fn *)(stubs + SLOT))(SYS_getpid, 0, 0, 0), getpid());
	arm_set(sud_fd, SUD_MODE_INCLUSIVE);
	CHECK_EQ(((site_fn *)stubs)(SYS_getpid, 0, 0, 0), getpid());
	CHECK_EQ(seen.count, 0);
}

/*
 * Sets of each small size, in which each range has its end, or its start, right
 * at a call's address: the address after the instruction decides, to the byte.
 */
static void check_bounds(int n, int mode)
{
	static const struct {
		int from;
		int len;
		bool in;
	} kinds[] = { { 0, 1, true },	{ -3, 3, false }, { 1, 3, false },
		      { -3, 4, true },	{ 0, 4, true },	  { -2, 5, true },
		      { -12, 1, false } };

	for (unsigned int k = 0; k < COUNT(kinds); k++) {
		int fd = sud_open();

		CHECK_OK(fd);
		for (int i = 0; i < n; i++)
			many_ranges[i] =
				(struct sud_range){ stub_ip(i) + kinds[k].from,
						    kinds[k].len };
		CHECK_OK(sud_regions_add(fd, many_ranges, n));
		arm_set(fd, mode);
		/* The last has no range. */
		for (int i = 0; i <= n; i++) {
			bool in = i < n && kinds[k].in;

			if (stopped(i) != wanted(in, mode))
				FAIL("mode %d, %d ranges, kind %u, range %d",
				     mode, n, k, i);
		}
		CHECK_OK(close(fd));
	}
}

TEST_LIMIT(bounds, "sets of 1 to 40 ranges, each end, to the byte", false, 60)
{
	make_stubs(41);
	for (int n = 1; n <= 40; n += n < 9 ? 1 : 32 / often(32)) {
		check_bounds(n, SUD_MODE_EXCLUSIVE);
		check_bounds(n, SUD_MODE_INCLUSIVE);
	}
}

#define STUBS 2048

TEST_LIMIT(scattered, "random ranges over 2,048 call sites, to the byte", false,
	   120)
{
	static unsigned char map[STUBS * SLOT];
	const char *given = getenv("SUD_SEED");

	rnd_seed = given ? (unsigned int)atol(given) : (unsigned int)time(NULL);
	make_stubs(STUBS);
	for (int round = 0; round < 6; round++) {
		unsigned int first_seed = rnd_seed, n = 1 << (2 * round + 1);
		int mode = round % 2 ? SUD_MODE_INCLUSIVE : SUD_MODE_EXCLUSIVE;
		int fd = sud_open();

		CHECK_OK(fd);
		memset(map, 0, sizeof(map));
		for (unsigned int i = 0; i < n; i++) {
			unsigned int at = rnd(sizeof(map));
			unsigned int len = 1 + rnd(sizeof(map) / n);

			if (len > sizeof(map) - at)
				len = sizeof(map) - at;
			memset(map + at, 1, len);
			many_ranges[i] =
				(struct sud_range){ (uintptr_t)stubs + at,
						    len };
		}
		CHECK_OK(sud_regions_add(fd, many_ranges, n));
		arm_set(fd, mode);
		for (int i = 0; i < STUBS; i++) {
			bool in = map[stub_ip(i) - (uintptr_t)stubs];

			if (stopped(i) != wanted(in, mode))
				FAIL("SUD_SEED=%u: %u ranges, site %d",
				     first_seed, n, i);
		}
		CHECK_OK(close(fd));
	}
}

TEST_LIMIT(full_bounds, "in a set of 65,536, at its start, middle and end",
	   false, 120)
{
	/* As many of the other ranges below the sites as this. */
	static const unsigned int below[] = { 0, 1, 32767, 65528, 65533 };

	make_stubs(4);
	for (unsigned int b = 0; b < COUNT(below); b++) {
		int fd = sud_open();

		CHECK_OK(fd);
		for (unsigned int i = 0; i < RANGES_MAX - 3; i++)
			many_ranges[i].offset =
				i < below[b] ? 8 * i : (1ULL << 52) + 8 * i;
		for (unsigned int i = 0; i < RANGES_MAX - 3; i++)
			many_ranges[i].len = 4;
		for (int i = 0; i < 3; i++)
			many_ranges[RANGES_MAX - 3 + i] =
				(struct sud_range){ stub_ip(i), 1 };
		CHECK_OK(sud_regions_add(fd, many_ranges, RANGES_MAX));
		CHECK_EQ(set_size(fd), RANGES_MAX);
		arm_set(fd, SUD_MODE_EXCLUSIVE);
		for (int i = 0; i < 4; i++)
			CHECK_EQ(stopped(i), i == 3);
		arm_set(fd, SUD_MODE_INCLUSIVE);
		for (int i = 0; i < 4; i++)
			CHECK_EQ(stopped(i), i != 3);
		CHECK_OK(close(fd));
	}
}

TEST(changed, "a change holds for the thread's next call")
{
	make_stubs(2);
	for (int mode = SUD_MODE_EXCLUSIVE; mode <= SUD_MODE_INCLUSIVE;
	     mode++) {
		bool in_stops = mode == SUD_MODE_INCLUSIVE;

		arm_set(sud_fd, mode);
		for (int i = 0; i < 100; i++) {
			add_one(sud_fd, stub_ip(0), 1);
			CHECK_EQ(stopped(0), in_stops);
			CHECK_EQ(stopped(1), !in_stops);
			/* Once more, with nothing in between. */
			CHECK_EQ(stopped(1), !in_stops);
			add_one(sud_fd, stub_ip(1) - 3, 5);
			CHECK_EQ(stopped(1), in_stops);
			remove_one(sud_fd, stub_ip(1), 1);
			CHECK_EQ(stopped(1), !in_stops);
			CHECK_EQ(stopped(0), in_stops);
			remove_one(sud_fd, stub_ip(0),
				   stub_ip(1) - stub_ip(0) + 2);
			CHECK_EQ(stopped(0), !in_stops);
		}
	}
}

/* Two sets with the same history of changes, and the one site in just one. */
TEST(switched, "the set, the mode or the region of a thread may be exchanged")
{
	int a = sud_open(), b = sud_open();

	make_stubs(2);
	add_one(a, stub_ip(0), 1);
	add_one(b, stub_ip(1), 1);
	for (int i = 0; i < 100; i++) {
		arm_set(a, SUD_MODE_EXCLUSIVE);
		CHECK(!stopped(0));
		arm_set(b, SUD_MODE_EXCLUSIVE);
		CHECK(stopped(0));
		CHECK(!stopped(1));
		arm_set(a, SUD_MODE_EXCLUSIVE);
		CHECK(stopped(1));
		CHECK(!stopped(0));
		/* The same set, the other mode. */
		arm_set(a, SUD_MODE_INCLUSIVE);
		CHECK(stopped(0));
		CHECK(!stopped(1));
		arm_set(a, SUD_MODE_EXCLUSIVE);
		CHECK(stopped(1));
		CHECK(!stopped(0));
		/* One region, and back. */
		CHECK_OK(sud_arm(a, SUD_MODE_EXCLUSIVE, stub_ip(1), 1,
				 &selector));
		CHECK(stopped(0));
		CHECK(!stopped(1));
		CHECK_OK(sud_arm(a, SUD_MODE_EXCLUSIVE, 0, 0, &selector));
		CHECK(stopped(0));
		arm_set(a, SUD_MODE_EXCLUSIVE);
		CHECK(!stopped(0));
		CHECK_OK(disarm());
		CHECK(!stopped(1));
	}
}

TEST(new_for_old, "a set that follows a closed one has nothing of it")
{
	make_stubs(2);
	for (int i = 0; i < often(2000); i++) {
		int fd = sud_open();

		CHECK_OK(fd);
		CHECK_EQ(set_size(fd), 0);
		add_one(fd, stub_ip(i % 2), 1);
		arm_set(fd, SUD_MODE_EXCLUSIVE);
		CHECK_OK(close(fd));
		CHECK(!stopped(i % 2));
		CHECK(stopped(!(i % 2)));
	}
}

TEST(without_region, "without REGIONS a descriptor's set counts for nothing")
{
	make_stubs(1);
	handle_sigsys();
	add_one(sud_fd, stub_ip(0), 1);
	CHECK_OK(sud_arm(sud_fd, SUD_MODE_EXCLUSIVE, 0, 0, &selector));
	CHECK(stopped(0));
	CHECK_OK(sud_arm(sud_fd, SUD_MODE_INCLUSIVE, 1, 1, &selector));
	CHECK(!stopped(0));
}
