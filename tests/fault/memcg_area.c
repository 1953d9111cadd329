// SPDX-License-Identifier: GPL-2.0-only
/*
 * Control areas and their memory cgroup: what an area takes is charged and comes back;
 * in a full cgroup mmap() says ENOMEM, and a child's first use of its own area is a
 * SIGBUS; and an area that is there needs no more memory. How much one user may have is
 * in regions_limits.c.
 */
#include <fcntl.h>
#include <setjmp.h>

#include "lib/area.h"
#include "lib/backend.h"
#include "lib/cgroup.h"
#include "lib/harness.h"
#include "lib/memory.h"
#include "lib/module.h"
#include "lib/sigsys.h"
#include "lib/sites.h"
#include "lib/upcalls.h"
#include "lib/workers.h"

#define AREAS 8
#define AREA_PAGES ((int)SUD_AREA_MAX / PAGE)
/* What else may have become of the cgroup's memory: less than an area lost. */
#define SLACK (SUD_AREA_MAX / 4)

static void charged_areas(void)
{
	const long all = AREAS * (long)SUD_AREA_MAX;
	struct sud_config c;
	void *areas[AREAS];
	int fds[AREAS];
	long before, now;

	before = cgroup_measure();
	for (int i = 0; i < AREAS; i++) {
		fds[i] = sud_open();
		CHECK_OK(fds[i]);
		areas[i] = area_map(fds[i], SUD_AREA_MAX);
		CHECK(areas[i] != MAP_FAILED);
	}
	now = cgroup_measure();
	if (now - before < all)
		FAIL("areas of %ld bytes are charged %ld bytes", all,
		     now - before);

	/* One of them, the thread's configuration holds. */
	c = area_config_upcall(areas[0], true);
	CHECK_OK(sud_set(sud_fd, &c));
	for (int i = 0; i < AREAS; i++) {
		CHECK_OK(munmap(areas[i], SUD_AREA_MAX));
		close(fds[i]);
	}
	now = charged_after(before + SUD_AREA_MAX + SLACK) - before;
	if (now < SUD_AREA_MAX || now > SUD_AREA_MAX + SLACK)
		FAIL("an area of %d bytes is charged %ld bytes", SUD_AREA_MAX,
		     now);
	CHECK_OK(sud_disarm(sud_fd));
	check_given_back(before + SLACK);
}

TEST_LIMIT(areas_charged,
	   "control areas are charged to their cgroup, and given back", false,
	   120)
{
	int before = module_refs();

	in_cgroup(charged_areas);
	check_refs(before);
}

static void map_when_full(void)
{
	struct sud_config c = config_a_upcall(0);
	volatile char *area;
	int fd = sud_open();
	long before;

	CHECK_OK(fd);
	CHECK_OK(sud_set(sud_fd, &c));
	before = cgroup_measure();
	/* To the last page but some. */
	for (int pages = 0; pages < AREA_PAGES; pages = pages * 2 + 1) {
		cgroup_fill(pages);
		CHECK_ERR((intptr_t)area_map(fd, SUD_AREA_MAX), ENOMEM);
		check_is(&c);
		cgroup_lift();
		check_given_back(before + SLACK);
	}
	area = area_map(fd, SUD_AREA_MAX);
	CHECK(area != MAP_FAILED);
	for (size_t at = 0; at < SUD_AREA_MAX; at += 64)
		CHECK_EQ(area[at], 0);
}

TEST_LIMIT(map, "mmap in a full cgroup: ENOMEM, and nothing is lost", false,
	   120)
{
	int before = module_refs();

	in_cgroup(map_when_full);
	check_refs(before);
}

static char *placed;
static int zero_fd;

/*
 * Where the page table is there in a child, too, because a page of private memory lies
 * beside it: the kernel would try for ever to have memory for a page table.
 */
static void place_area(void)
{
	const uintptr_t span = 2 << 20;
	char *room = mmap(NULL, 2 * span, PROT_NONE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *beside;

	CHECK(room != MAP_FAILED);
	beside = (char *)(((uintptr_t)room + span - 1) & -span);
	CHECK(mmap(beside, PAGE, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
		   0) != MAP_FAILED);
	*beside = 1;
	placed = mmap(beside + PAGE, SUD_AREA_MAX, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_FIXED, sud_fd, 0);
	CHECK(placed != MAP_FAILED);
	memset(placed, 5, SUD_AREA_MAX);
}

static sigjmp_buf before_use;

static void on_bus(int sig)
{
	(void)sig;
	siglongjmp(before_use, 1);
}

/* Is it memory? If not, the use is a SIGBUS. */
static bool usable(const volatile char *at)
{
	if (sigsetjmp(before_use, 1))
		return false;
	*at;
	return true;
}

static void use_when_full(void)
{
	struct sud_config c = area_config(placed), now;

	signal(SIGBUS, on_bus);
	/* The fork has made pages common, but to lock the area would be to use it. */
	CHECK_OK(mprotect(placed, SUD_AREA_MAX, PROT_NONE));
	CHECK_OK(mlockall(MCL_CURRENT | MCL_FUTURE));
	CHECK_OK(mprotect(placed, SUD_AREA_MAX, PROT_READ | PROT_WRITE));
	for (int pages = 0; pages < AREA_PAGES; pages = pages * 2 + 1) {
		cgroup_fill(pages);
		CHECK(!usable(placed));
		CHECK(!usable(placed + SUD_AREA_MAX - 1));
		CHECK_ERR(read(zero_fd, placed, 1), EFAULT);
		CHECK_ERR(sud_set(sud_fd, &c), ENOMEM);
		CHECK_OK(sud_get(sud_fd, &now));
		CHECK_EQ(now.mode, SUD_MODE_OFF);
		cgroup_lift();
	}
	/* And now there is one, empty. */
	for (size_t at = 0; at < SUD_AREA_MAX; at += 64)
		CHECK_EQ(placed[at], 0);
	handle_sigsys();
	CHECK_OK(sud_set(sud_fd, &c));
	CHECK(area_blocks(placed));
	CHECK_OK(sud_disarm(sud_fd));
}

static void fork_when_full(void)
{
	long before;

	zero_fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	CHECK_OK(zero_fd);
	place_area();
	before = cgroup_measure();
	CHECK_EQ(in_child(use_when_full), 0);
	for (size_t at = 0; at < SUD_AREA_MAX; at += 64)
		CHECK_EQ(placed[at], 5);
	check_given_back(before + SLACK);
}

TEST_LIMIT(
	first_use,
	"a child's first use of its area in a full cgroup: SIGBUS, and nothing is lost",
	false, 180)
{
	int before = module_refs();

	in_cgroup(fork_when_full);
	check_refs(before);
}

static void call_when_full(void)
{
	void *area = area_page();

	for (int with_frames = 0; with_frames < 2; with_frames++) {
		struct sud_config c = area_config_upcall(area, with_frames);
		uint64_t upcalls = up_count;
		int wrong = 0, left_blocked = 0;

		CHECK_OK(sud_set(sud_fd, &c));
		cgroup_fill(0);
		for (int i = 0; i < 100; i++) {
			area_selector(area) = SUD_SELECTOR_BLOCK;
			wrong += site_a(MAGIC_NR, 0, 0, 0) != RESULT;
			left_blocked += area_selector(area);
		}
		cgroup_lift();
		CHECK_EQ(wrong, 0);
		CHECK_EQ(left_blocked, 0);
		CHECK_EQ(up_count - upcalls, 100);
	}
}

TEST_LIMIT(calls, "by selector and frames in an area: no call needs memory",
	   false, 120)
{
	in_cgroup(call_when_full);
}
