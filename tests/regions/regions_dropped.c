// SPDX-License-Identifier: GPL-2.0-only
/*
 * However the last reference to a region set goes, its memory comes back. 64-bit only.
 */
#include <pthread.h>

#include "lib/backend.h"
#include "lib/clock.h"
#include "lib/harness.h"
#include "lib/new_image.h"
#include "lib/ranges.h"
#include "lib/set_calls.h"
#include "lib/sigsys.h"

/* Ways in which the last reference to a set goes. */

static void drop_closed(int fd)
{
	CHECK_OK(close(fd));
}

static void drop_other_set(int fd)
{
	arm_by_upcall(fd, SUD_MODE_EXCLUSIVE);
	CHECK_OK(close(fd));
	arm_by_upcall(sud_fd, SUD_MODE_EXCLUSIVE);
}

static void drop_no_set(int fd)
{
	arm_by_upcall(fd, SUD_MODE_EXCLUSIVE);
	CHECK_OK(close(fd));
	CHECK_OK(sud_arm(sud_fd, SUD_MODE_EXCLUSIVE, 0, 0, &own_selector));
}

static void drop_off(int fd)
{
	arm_by_upcall(fd, SUD_MODE_EXCLUSIVE);
	CHECK_OK(close(fd));
	CHECK_OK(sud_disarm(sud_fd));
}

static void drop_twice(int fd)
{
	arm_by_upcall(fd, SUD_MODE_EXCLUSIVE);
	arm_by_upcall(fd, SUD_MODE_INCLUSIVE);
	CHECK_OK(sud_disarm(fd));
	CHECK_OK(sud_disarm(fd));
	CHECK_OK(close(fd));
}

static void drop_failed(int fd)
{
	struct sud_config c = { .size = sizeof(c),
				.mode = SUD_MODE_EXCLUSIVE,
				.selector = ~0ULL,
				.flags = SUD_FLAG_REGIONS };

	CHECK_ERR(sud_set(fd, &c), EFAULT);
	CHECK_OK(close(fd));
}

static void *arm_and_leave(void *fd)
{
	arm_by_upcall(*(int *)fd, SUD_MODE_EXCLUSIVE);
	return NULL;
}

static void drop_thread(int fd)
{
	pthread_t thread;

	CHECK_EQ(pthread_create(&thread, NULL, arm_and_leave, &fd), 0);
	CHECK_EQ(pthread_join(thread, NULL), 0);
	CHECK_OK(close(fd));
}

static void drop_in_process(int fd, void (*end)(void))
{
	pid_t pid = fork();

	CHECK_OK(pid);
	if (!pid) {
		arm_by_upcall(fd, SUD_MODE_EXCLUSIVE);
		CHECK_OK(close(fd));
		end();
	}
	CHECK_OK(close(fd));
	CHECK_EQ(waitpid(pid, NULL, 0), pid);
}

static void die(void)
{
	kill(getpid(), SIGKILL);
}

static void drop_death(int fd)
{
	drop_in_process(fd, die);
}

static void drop_exec(int fd)
{
	drop_in_process(fd, new_image_exec);
}

static void (*const drops[])(int fd) = {
	drop_closed, drop_other_set, drop_no_set, drop_off,  drop_twice,
	drop_failed, drop_thread,    drop_death,  drop_exec,
};

static struct sud_range full[RANGES_MAX];

/* Leaves the user room for two full sets, no more. */
static void take_room(void)
{
	int fd, last = -1, before = -1;

	for (unsigned int i = 0; i < RANGES_MAX; i++)
		full[i] = (struct sud_range){ 0x1000 + 32 * i, 16 };
	for (;;) {
		fd = sud_open();
		CHECK_OK(fd);
		if (sud_regions_add(fd, full, RANGES_MAX))
			break;
		before = last;
		last = fd;
	}
	CHECK_EQ(errno, ENOSPC);
	CHECK_OK(close(fd));
	CHECK_OK(close(last));
	CHECK_OK(close(before));
}

/* What was dropped may be free a little later. */
static int fill_in_time(unsigned int way)
{
	double limit = seconds() + 30;
	int fd = sud_open();

	CHECK_OK(fd);
	while (sud_regions_add(fd, full, RANGES_MAX)) {
		CHECK_EQ(errno, ENOSPC);
		if (seconds() > limit)
			FAIL("way %u of dropping a set does not free it", way);
		sleep_ms(5);
	}
	return fd;
}

TEST_LIMIT(dropped, "however a set is dropped, its memory comes back", false,
	   170)
{
	CHECK_OK(setgid(65534));
	CHECK_OK(setuid(65534));
	take_room();
	for (unsigned int way = 0; way < COUNT(drops); way++)
		for (int i = 0; i < often(4); i++)
			drops[way](fill_in_time(way));
}
