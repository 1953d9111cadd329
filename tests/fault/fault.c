// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every allocation and user copy of open, SET, INFO and GET fails, one after the other:
 * what failed has its errno and changed nothing, and works when it is asked for again.
 * The other ioctls are in fault_regions.c and fault_task.c. How calls are dispatched
 * meanwhile is in fault_call.c, the module's loading in fault_load.c.
 */
#include "lib/armed.h"
#include "lib/backend.h"
#include "lib/fault.h"
#include "lib/fault_state.h"
#include "lib/harness.h"
#include "lib/set_calls.h"

static long do_set(void)
{
	return sud_set(sud_fd, &state_next);
}

static void next_is_there(void)
{
	check_armed_with(&state_next);
	state_set_was();
}

/* Without an allocation, when nothing is to be had that is not there. */
static void sweep_set(const char *name, struct sud_config from,
		      struct sud_config to, bool allocates)
{
	struct fault_sweep sweep = {
		.name = name,
		.reset = state_set_was,
		.op = do_set,
		.unchanged = state_is_was,
		.done = next_is_there,
		.wanted = { EFAULT, allocates ? ENOMEM : 0 },
	};

	state_was = from;
	state_next = to;
	fault_sweep(&sweep);
}

TEST_LIMIT(set, "SET", false, 120)
{
	state_begin();
	sweep_set("arm", OFF, ARMED(0), true);
	sweep_set("arm with a set", OFF, ARMED(SUD_FLAG_REGIONS), true);
	sweep_set("arm with inheritance", OFF, ARMED(SUD_FLAG_REGIONS | BOTH),
		  true);
	sweep_set("arm again", ARMED(0), ARMED(SUD_FLAG_AUTO_ALLOW), false);
	sweep_set("take a set", ARMED(0), ARMED(SUD_FLAG_REGIONS), false);
	sweep_set("inherit", ARMED(0), ARMED(BOTH), true);
	sweep_set("disarm", ARMED(SUD_FLAG_REGIONS | BOTH), OFF, false);
	fault_exit();
}

static int opened;

static long do_open(void)
{
	opened = sud_open();
	return opened;
}

static void is_open(void)
{
	__u64 count = 0;

	CHECK_OK(sud_regions_list(opened, NULL, &count));
	CHECK_EQ(count, 0);
	CHECK_OK(close(opened));
}

TEST_LIMIT(open_device, "open of /dev/sud", false, 120)
{
	static const struct fault_sweep sweep = {
		.name = "open",
		.op = do_open,
		.unchanged = state_is_was,
		.done = is_open,
		.wanted = { ENOMEM, EFAULT },
	};

	state_begin();
	state_was = ARMED(0);
	state_set_was();
	fault_sweep(&sweep);
	fault_exit();
}

static struct sud_info info;
static struct sud_config config;

static long do_info(void)
{
	return sud_info(sud_fd, &info);
}

static void info_is_right(void)
{
	CHECK_EQ(info.size, sizeof(info));
	CHECK_EQ(info.abi, SUD_ABI_VERSION);
	CHECK(info.max_regions);
	state_is_was();
}

static struct sud_status status;
static struct sud_list_entry listed[2];
static __u64 cursor;
static int listed_count;

static long do_status(void)
{
	return sud_status(sud_fd, &status);
}

static void status_is_right(void)
{
	CHECK_EQ(status.size, sizeof(status));
	CHECK(status.armed);
	state_is_was();
}

static long do_list(void)
{
	cursor = getpid();
	listed_count = sud_list(sud_fd, listed, 2, &cursor);
	return listed_count;
}

static void list_is_right(void)
{
	CHECK(listed_count >= 1);
	CHECK_EQ(listed[0].tid, getpid());
	CHECK(!memcmp(&listed[0].config, &state_was, sizeof(state_was)));
	state_is_was();
}

static long do_get(void)
{
	return sud_get(sud_fd, &config);
}

static void get_is_right(void)
{
	CHECK(!memcmp(&config, &state_was, sizeof(state_was)));
	state_is_was();
}

TEST_LIMIT(info_get, "INFO and GET", false, 120)
{
	static const struct fault_sweep get_info = {
		.name = "INFO",
		.op = do_info,
		.unchanged = state_is_was,
		.done = info_is_right,
		.wanted = { EFAULT },
	}, get = {
		.name = "GET",
		.op = do_get,
		.unchanged = state_is_was,
		.done = get_is_right,
		.wanted = { EFAULT },
	};

	state_begin();
	state_was = ARMED(SUD_FLAG_REGIONS | SUD_FLAG_AUTO_ALLOW);
	state_set_was();
	fault_sweep(&get_info);
	fault_sweep(&get);
	fault_exit();
}

TEST_LIMIT(list_status, "LIST and STATUS", false, 120)
{
	static const struct fault_sweep get_status = {
		.name = "STATUS",
		.op = do_status,
		.unchanged = state_is_was,
		.done = status_is_right,
		.wanted = { EFAULT },
	}, list = {
		.name = "LIST",
		.op = do_list,
		.unchanged = state_is_was,
		.done = list_is_right,
		.wanted = { EFAULT },
	};

	state_begin();
	state_was = ARMED(SUD_FLAG_REGIONS | SUD_FLAG_AUTO_ALLOW);
	state_set_was();
	fault_sweep(&get_status);
	fault_sweep(&list);
	fault_exit();
}
