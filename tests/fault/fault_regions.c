// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every allocation and user copy of the ioctls of region sets fails, one after the
 * other.
 */
#include <fcntl.h>

#include "lib/fault.h"
#include "lib/fault_state.h"
#include "lib/harness.h"
#include "lib/memory.h"
#include "lib/set_calls.h"

static void set_is_base(void)
{
	set_check(set_base, set_base_count);
	state_is_was();
}

static void result_is_there(void)
{
	set_check(set_result, set_result_count);
	state_is_was();
}

static long do_add(void)
{
	return sud_regions_add(set_fd, set_change, set_change_count);
}

static long do_remove(void)
{
	return sud_regions_remove(set_fd, set_change, set_change_count);
}

static long do_list(void)
{
	memset(set_result, 0, sizeof(set_result));
	set_listed = 256;
	return sud_regions_list(set_fd, set_result, &set_listed);
}

static void list_is_right(void)
{
	CHECK_EQ(set_listed, set_base_count);
	CHECK(!memcmp(set_result, set_base,
		      set_base_count * sizeof(*set_base)));
	set_is_base();
}

static void sweep_regions(const char *name, long (*op)(void))
{
	struct fault_sweep sweep = {
		.name = name,
		.reset = set_new,
		.op = op,
		.unchanged = set_is_base,
		.done = op == do_list ? list_is_right : result_is_there,
		.wanted = { EFAULT, ENOMEM },
	};

	fault_sweep(&sweep);
}

TEST_LIMIT(regions_add, "REGIONS_ADD", false, 120)
{
	state_begin();
	state_was = ARMED(SUD_FLAG_REGIONS);
	state_set_was();

	/* The user has no other set then, so that its count is new as well. */
	set_base_count = 0;
	set_change_count = set_result_count = 1;
	fill_ranges(set_change, 0, 1);
	fill_ranges(set_result, 0, 1);
	sweep_regions("first range", do_add);

	/* More than a page of them. */
	set_base_count = set_change_count = 64;
	set_result_count = 128;
	fill_ranges(set_base, 0, 64);
	fill_ranges(set_change, 64, 64);
	fill_ranges(set_result, 0, 128);
	sweep_regions("grow", do_add);
	fault_exit();
}

TEST_LIMIT(regions_remove, "REGIONS_REMOVE, which splits and has to grow",
	   false, 120)
{
	state_begin();
	state_was = ARMED(SUD_FLAG_REGIONS);
	state_set_was();

	set_base_count = set_change_count = 64;
	set_result_count = 128;
	for (int i = 0; i < 64; i++) {
		set_base[i] = nth_range(i);
		set_change[i] =
			(struct sud_range){ set_base[i].offset + 0x400, 0x800 };
		set_result[2 * i] =
			(struct sud_range){ set_base[i].offset, 0x400 };
		set_result[2 * i + 1] =
			(struct sud_range){ set_base[i].offset + 0xc00, 0x400 };
	}
	sweep_regions("split", do_remove);
	fault_exit();
}

TEST_LIMIT(regions_list, "REGIONS_LIST", false, 120)
{
	state_begin();
	state_was = ARMED(SUD_FLAG_REGIONS);
	state_set_was();
	set_base_count = 64;
	fill_ranges(set_base, 0, 64);
	sweep_regions("list", do_list);
	fault_exit();
}

/*
 * Everything of the calling thread fails, but for a budget: then there is no
 * second way, as there is for a large piece of memory when one thing fails.
 */
static int make_it_fail = -1;

static void budget(const char *what, unsigned long space)
{
	char path[60], text[24];

	snprintf(path, sizeof(path), "%s/space", what);
	snprintf(text, sizeof(text), "%lu", space);
	fault_setting(path, text);
}

static void budget_init(void)
{
	static const char *const what[] = { "failslab", "fail_page_alloc" };
	char path[60];

	for (int i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/task-filter", what[i]);
		fault_setting(path, "Y");
		snprintf(path, sizeof(path), "%s/times", what[i]);
		fault_setting(path, "1000000000");
		snprintf(path, sizeof(path), "%s/interval", what[i]);
		fault_setting(path, "1");
		snprintf(path, sizeof(path), "%s/probability", what[i]);
		fault_setting(path, "100");
	}
	make_it_fail =
		open("/proc/thread-self/make-it-fail", O_RDWR | O_CLOEXEC);
	CHECK_OK(make_it_fail);
}

static long with_budget(unsigned long bytes, unsigned long pages,
			long (*op)(void))
{
	long ret;
	int err;

	budget("failslab", bytes);
	budget("fail_page_alloc", pages);
	CHECK_EQ(pwrite(make_it_fail, "1", 1, 0), 1);
	ret = op();
	err = errno;
	CHECK_EQ(pwrite(make_it_fail, "0", 1, 0), 1);
	errno = err;
	return ret;
}

#define PLENTY 1000000000UL
#define LARGE 9000

static struct sud_range large[LARGE];

static long do_add_large(void)
{
	return sud_regions_add(set_fd, large, LARGE);
}

TEST_LIMIT(regions_large, "REGIONS_ADD of many, and most allocations fail",
	   false, 120)
{
	/* In bytes; what is large is of pages. */
	static const unsigned long slabs[] = { 0, 64, 256, 1024, PLENTY };
	int failed = 0, n = sizeof(slabs) / sizeof(*slabs);
	unsigned long pages = 0;
	bool worked = false;

	state_begin();
	budget_init();
	state_was = ARMED(SUD_FLAG_REGIONS);
	state_set_was();
	set_base_count = 0;
	fill_ranges(large, 0, LARGE);
	for (; !worked; pages += 7) {
		for (int i = 0; i < n; i++) {
			set_new();
			worked = !with_budget(slabs[i], pages, do_add_large);
			if (worked)
				continue;
			CHECK_EQ(errno, ENOMEM);
			set_is_base();
			failed++;
			CHECK(failed < 1000);
		}
	}
	/* For want of either. */
	CHECK(failed > n);
	/* And the thread goes on. */
	CHECK_OK(do_add_large());
	printf("# add %d ranges: %d errors\n", LARGE, failed);
	fflush(stdout);
	fault_exit();
}

#define FULL 32768
#define USER_BYTES (64UL << 20)

static struct sud_range full[FULL];

static long do_add_one(void)
{
	return sud_regions_add(set_fd, set_change, 1);
}

TEST_LIMIT(regions_charge,
	   "what could not be had does not count against the user", false, 300)
{
	/* One more needs room for twice as many: a start and an end of each. */
	unsigned long grown = 2 * FULL * 16;

	state_begin();
	budget_init();
	state_was = ARMED(0);
	state_set_was();
	set_base_count = 0;
	set_new();
	fill_ranges(full, 0, FULL);
	CHECK_OK(sud_regions_add(set_fd, full, FULL));
	set_change[0] = nth_range(FULL);
	for (unsigned long n = 0; n <= USER_BYTES / grown; n++) {
		CHECK_ERR(with_budget(PLENTY, 0, do_add_one), ENOMEM);
		set_listed = 0;
		CHECK_OK(sud_regions_list(set_fd, NULL, &set_listed));
		CHECK_EQ(set_listed, FULL);
	}
	CHECK_OK(do_add_one());
	fault_exit();
}
