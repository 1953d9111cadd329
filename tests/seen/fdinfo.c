// SPDX-License-Identifier: GPL-2.0-only
/*
 * /proc/PID/fdinfo of an open /dev/sud: what the descriptor has.
 */
#include "lib/area.h"
#include "lib/backend.h"
#include "lib/harness.h"
#include "lib/memory.h"

/* No size, and nobody throws it for a set's random number. */
#define NONE (~0ULL - 1)

/* The number behind "KEY:", or NONE. */
static unsigned long long shown(int fd, const char *key)
{
	unsigned long long number = NONE, value;
	char path[64], line[128], name[64];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	f = fopen(path, "r");
	CHECK(f);
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "%63[^:]:\t%llu", name, &value) == 2 &&
		    !strcmp(name, key))
			number = value;
	fclose(f);
	return number;
}

TEST(nothing, "a new descriptor has nothing, and looking makes nothing")
{
	for (int i = 0; i < 2; i++) {
		CHECK(shown(sud_fd, "pos") != NONE);
		CHECK_EQ(shown(sud_fd, "sud-set"), NONE);
		CHECK_EQ(shown(sud_fd, "sud-ranges"), NONE);
		CHECK_EQ(shown(sud_fd, "sud-area"), NONE);
	}
}

TEST(set, "a region set shows its number and how many ranges it has")
{
	struct sud_range ranges[] = { { 4096, 16 }, { 8192, 16 }, { 9000, 1 } };
	int other = sud_open();
	unsigned long long id;

	CHECK_OK(other);
	CHECK_OK(sud_regions_add(sud_fd, ranges, 3));
	id = shown(sud_fd, "sud-set");
	CHECK(id != 0 && id != NONE);
	CHECK_EQ(shown(sud_fd, "sud-ranges"), 3);
	CHECK_OK(sud_regions_remove(sud_fd, ranges, 2));
	CHECK_EQ(shown(sud_fd, "sud-ranges"), 1);
	CHECK_EQ(shown(sud_fd, "sud-set"), id);
	CHECK_EQ(shown(other, "sud-set"), NONE);
	CHECK_OK(sud_regions_add(other, ranges, 1));
	CHECK(shown(other, "sud-set") != id);
	/* The same open file, by another descriptor. */
	CHECK_EQ(shown(dup(sud_fd), "sud-set"), id);
}

TEST(area, "a control area shows its size, mapped or not")
{
	void *area = area_map(sud_fd, 3 * PAGE);

	CHECK(area != MAP_FAILED);
	CHECK_EQ(shown(sud_fd, "sud-area"), 3 * PAGE);
	CHECK_EQ(shown(sud_fd, "sud-set"), NONE);
	CHECK_OK(munmap(area, 3 * PAGE));
	CHECK_EQ(shown(sud_fd, "sud-area"), 3 * PAGE);
}
