// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every allocation of a control area fails, one after the other: by mmap(), by a
 * store of a forked child, by SET in that child.
 */
#include "lib/area.h"
#include "lib/backend.h"
#include "lib/fault.h"
#include "lib/harness.h"
#include "lib/sigsys.h"
#include "lib/sites.h"

#define SIZE (4 * 4096)

static int fd = -1;
static void *area = MAP_FAILED;

static void new_file(void)
{
	if (area != MAP_FAILED)
		munmap(area, SIZE);
	close(fd);
	area = MAP_FAILED;
	fd = sud_open();
	CHECK_OK(fd);
}

static long do_map(void)
{
	area = area_map(fd, SIZE);
	return area == MAP_FAILED ? -1 : 0;
}

static void is_not_mapped(void)
{
	CHECK(area == MAP_FAILED);
	/* Nothing of the failure is left: another size is possible. */
	void *other = area_map(fd, 4096);

	CHECK(other != MAP_FAILED);
	CHECK_OK(munmap(other, 4096));
	new_file();
}

static void is_mapped(void)
{
	memset(area, 1, SIZE);
}

TEST_LIMIT(map, "mmap()", false, 120)
{
	struct fault_sweep sweep = {
		.name = "mmap",
		.reset = new_file,
		.op = do_map,
		.unchanged = is_not_mapped,
		.done = is_mapped,
		.wanted = { ENOMEM },
	};

	fault_init();
	fault_sweep(&sweep);
	fault_exit();
}

/*
 * Not fault_process() in these children: it brings all memory in, and with it the
 * area that is to be made under the failure.
 */
static int nth;

/* With the nth failing, the store is done, or is SIGBUS. */
static void store_with_nth(void)
{
	fault_open();
	fault_begin(nth);
	*(volatile char *)area = 1;
	_exit(fault_end() ? 1 : 0);
}

TEST_LIMIT(store, "a forked child's first store: it works, or is SIGBUS", false,
	   120)
{
	int bus = 0;

	fault_init();
	new_file();
	CHECK_EQ(do_map(), 0);
	for (nth = 1; nth < 200; nth++) {
		int status = in_child(store_with_nth);

		if (WIFSIGNALED(status)) {
			CHECK_EQ(WTERMSIG(status), SIGBUS);
			bus++;
		} else if (!WEXITSTATUS(status)) {
			break;
		}
	}
	printf("# %d of %d failures are SIGBUS\n", bus, nth - 1);
	CHECK(bus > 0);
	fault_exit();
}

static struct sud_config config;

static void set_with_nth(void)
{
	struct sud_config got;

	fault_open();
	fault_begin(nth);
	int ret = sud_set(sud_fd, &config);
	bool hit = fault_end();

	if (ret) {
		int err = errno;

		CHECK(err == ENOMEM || err == EFAULT);
		CHECK_OK(sud_get(sud_fd, &got));
		CHECK_EQ(got.mode, SUD_MODE_OFF);
		_exit(err);
	}
	CHECK(area_blocks(area));
	_exit(hit ? 0 : 1);
}

TEST_LIMIT(set, "SET in a child whose area is yet to be made", false, 120)
{
	int no_memory = 0;

	fault_init();
	handle_sigsys();
	new_file();
	CHECK_EQ(do_map(), 0);
	config = area_config(area);
	for (nth = 1; nth < 200; nth++) {
		int status = in_child(set_with_nth);

		CHECK(WIFEXITED(status));
		if (WEXITSTATUS(status) == 1)
			break;
		if (WEXITSTATUS(status) == ENOMEM)
			no_memory++;
		else
			CHECK(!WEXITSTATUS(status) ||
			      WEXITSTATUS(status) == EFAULT);
	}
	printf("# %d of %d failures are ENOMEM\n", no_memory, nth - 1);
	CHECK(no_memory > 3);
	fault_exit();
}
