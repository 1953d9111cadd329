// SPDX-License-Identifier: GPL-2.0-only
/*
 * Region sets and their memory cgroup: what a set takes is charged and comes back,
 * and when the cgroup is full, REGIONS_ADD says ENOMEM and adds nothing. How much one
 * user may have is in regions_limits.c.
 */
#include "lib/backend.h"
#include "lib/cgroup.h"
#include "lib/harness.h"
#include "lib/memory.h"
#include "lib/sites.h"
#include "lib/workers.h"

/* Ranges that adjoin no other. */
#define RANGES 65536

static struct sud_range ranges[RANGES], listed[RANGES];

static void make_ranges(int n)
{
	for (int i = 0; i < n; i++)
		ranges[i] = (struct sud_range){ 0x10000000ULL + i * 32, 16 };
}

static void check_list(uint64_t n)
{
	__u64 count = RANGES;

	CHECK_OK(sud_regions_list(sud_fd, listed, &count));
	CHECK_EQ(count, n);
	CHECK(!memcmp(listed, ranges, n * sizeof(*ranges)));
}

static void add_when_full(void)
{
	struct sud_config c = config_a_upcall(SUD_FLAG_REGIONS);

	make_ranges(RANGES);
	c.offset = 0;
	c.len = 0;
	ranges[0] = (struct sud_range){ (uintptr_t)site_a, 64 };
	CHECK((uintptr_t)site_a + 64 < ranges[1].offset);
	CHECK_OK(sud_regions_add(sud_fd, ranges, 100));
	CHECK_OK(sud_set(sud_fd, &c));
	/* LIST needs memory, too. */
	check_list(100);
	check_is(&c);
	for (int pages = 0; pages < 256; pages = pages * 2 + 1) {
		cgroup_fill(pages);
		CHECK_ERR(sud_regions_add(sud_fd, ranges, RANGES), ENOMEM);
		check_is(&c);
		cgroup_lift();
		check_list(100);
	}
	CHECK_OK(sud_regions_add(sud_fd, ranges, RANGES));
	check_list(RANGES);
	check_is(&c);
}

TEST_LIMIT(regions_add,
	   "REGIONS_ADD in a full cgroup: ENOMEM, and nothing added", false,
	   120)
{
	in_cgroup(add_when_full);
}

static void charged_sets(void)
{
	const long all = 8 * (long)sizeof(ranges);
	long before, after;
	int fds[8];

	make_ranges(RANGES);
	before = cgroup_measure();
	for (int i = 0; i < 8; i++) {
		fds[i] = sud_open();
		CHECK_OK(fds[i]);
		CHECK_OK(sud_regions_add(fds[i], ranges, RANGES));
	}
	after = cgroup_measure();
	if (after - before < all)
		FAIL("sets of %ld bytes are charged %ld bytes", all,
		     after - before);
	for (int i = 0; i < 8; i++)
		close(fds[i]);
	check_given_back(before + all / 8);
}

TEST_LIMIT(sets_charged,
	   "region sets are charged to their cgroup, and given back", false,
	   120)
{
	in_cgroup(charged_sets);
}
