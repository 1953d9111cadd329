// SPDX-License-Identifier: GPL-2.0-only
#include "ranges.h"

#include "backend.h"
#include "harness.h"

const unsigned int set_commands[3] = { SUD_IOC_REGIONS_ADD,
				       SUD_IOC_REGIONS_REMOVE,
				       SUD_IOC_REGIONS_LIST };

struct sud_range many_ranges[RANGES_MAX + 1], listed_ranges[RANGES_MAX + 1];

const struct sud_range two_ranges[2] = { { 0x1000, 16 }, { 0x2000, 16 } };

int change_set(int fd, unsigned int command, const struct sud_range *ranges,
	       uint64_t count)
{
	__u64 n = count;

	return sud_regions(fd, command, (struct sud_range *)ranges, &n);
}

bool set_holds(int fd, const struct sud_range *want, uint64_t count)
{
	__u64 n = COUNT(listed_ranges);

	for (uint64_t i = 0; i <= count && i < COUNT(listed_ranges); i++)
		listed_ranges[i] = (struct sud_range){ 0x5a, 0x5b };
	CHECK_OK(sud_regions_list(fd, listed_ranges, &n));
	if (n != count || memcmp(listed_ranges, want, count * sizeof(*want)))
		return false;
	return count == COUNT(listed_ranges) ||
	       (listed_ranges[count].offset == 0x5a &&
		listed_ranges[count].len == 0x5b);
}

uint64_t set_size(int fd)
{
	__u64 n = 0;

	CHECK_OK(sud_regions_list(fd, NULL, &n));
	return n;
}

void add_one(int fd, uint64_t offset, uint64_t len)
{
	struct sud_range r = { offset, len };

	CHECK_OK(sud_regions_add(fd, &r, 1));
}

void remove_one(int fd, uint64_t offset, uint64_t len)
{
	struct sud_range r = { offset, len };

	CHECK_OK(sud_regions_remove(fd, &r, 1));
}

void add_two(void)
{
	CHECK_OK(sud_regions_add(sud_fd, two_ranges, 2));
}

void fill_many(unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		many_ranges[i] = (struct sud_range){ 0x10000 + 32ULL * i, 16 };
}
