// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ioctls of region sets: bad structs, arrays, ranges and flags. Each case is wrong
 * in one way, and none of its ranges is taken.
 */
#include <stddef.h>
#include <sys/ioctl.h>

#include "lib/backend.h"
#include "lib/harness.h"
#include "lib/memory.h"
#include "lib/ranges.h"
#include "lib/sites.h"

static struct sud_regions good(const struct sud_range *ranges)
{
	return (struct sud_regions){
		.size = sizeof(struct sud_regions),
		.ranges = (uintptr_t)ranges,
		.count = 1,
	};
}

TEST(layout, "the structs have the published sizes and offsets")
{
	CHECK_EQ(sizeof(struct sud_range), 16);
	CHECK_EQ(offsetof(struct sud_range, len), 8);
	CHECK_EQ(sizeof(struct sud_regions), 24);
	CHECK_EQ(offsetof(struct sud_regions, flags), 4);
	CHECK_EQ(offsetof(struct sud_regions, ranges), 8);
	CHECK_EQ(offsetof(struct sud_regions, count), 16);
}

TEST(fault, "a struct that cannot be read or written is EFAULT")
{
	struct sud_regions r = good(two_ranges);

	for (int i = 0; i < 3; i++) {
		CHECK_ERR(ioctl(sud_fd, set_commands[i], NULL), EFAULT);
		CHECK_ERR(ioctl(sud_fd, set_commands[i], -1L), EFAULT);
#ifdef __LP64__
		CHECK_ERR(ioctl(sud_fd, set_commands[i], 1L << 63), EFAULT);
		CHECK_ERR(ioctl(sud_fd, set_commands[i], ~0xfffL), EFAULT);
#endif
		/* The size is there, the rest is not. */
		CHECK_ERR(ioctl(sud_fd, set_commands[i], at_page_end(&r, 8)),
			  EFAULT);
		CHECK_OK(ioctl(sud_fd, set_commands[i],
			       at_page_end(&r, sizeof(r))));
	}
	/* LIST has to write the count; the others write nothing. */
	char *page = pages(1);

	memcpy(page, &r, sizeof(r));
	CHECK_OK(mprotect(page, PAGE, PROT_READ));
	CHECK_OK(ioctl(sud_fd, SUD_IOC_REGIONS_REMOVE, page));
	CHECK_OK(ioctl(sud_fd, SUD_IOC_REGIONS_ADD, page));
	CHECK_ERR(ioctl(sud_fd, SUD_IOC_REGIONS_LIST, page), EFAULT);
	CHECK(set_holds(sud_fd, two_ranges, 1));
}

static const uint64_t bad_arrays[] = {
	0,
	PAGE / 2,
	-1,
	-16,
	1ULL << 63,
	1ULL << 56,
	0xffff800000000000,
	0xffffffff81000000,
#ifndef __LP64__
	/* Past what a 32-bit caller has. */
	1ULL << 32,
	(1ULL << 32) - 8,
#endif
};

TEST(array_fault, "an array that cannot be read or written is EFAULT")
{
	add_two();
	for (unsigned int i = 0; i < COUNT(bad_arrays); i++) {
		for (int c = 0; c < 3; c++) {
			struct sud_regions r = good(NULL);

			r.ranges = bad_arrays[i];
			if (ioctl(sud_fd, set_commands[c], &r) != -1 ||
			    errno != EFAULT)
				FAIL("array at %#llx, command %d: errno %d",
				     (long long)bad_arrays[i], c, errno);
		}
	}
	char *page = pages(1);

	CHECK_OK(mprotect(page, PAGE, PROT_READ));
	CHECK_ERR(change_set(sud_fd, SUD_IOC_REGIONS_LIST, (void *)page, 1),
		  EFAULT);
	CHECK_OK(mprotect(page, PAGE, PROT_NONE));
	for (int c = 0; c < 3; c++)
		CHECK_ERR(change_set(sud_fd, set_commands[c], (void *)page, 1),
			  EFAULT);
	CHECK(set_holds(sud_fd, two_ranges, 2));
}

#ifdef __LP64__
TEST(array_int80, "for a 32-bit caller an array above 4 GiB is EFAULT")
{
	struct sud_range *high = (void *)pages(1), *low;
	struct sud_regions *r = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
				     MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT,
				     -1, 0);

	CHECK(r != MAP_FAILED);
	CHECK((uintptr_t)high > UINT32_MAX);
	add_two();
	low = memcpy(r + 1, two_ranges, sizeof(two_ranges));
	memcpy(high, two_ranges, sizeof(two_ranges));
	for (int c = 0; c < 3; c++) {
		*r = good(high);
		CHECK_EQ(site_int80(54, sud_fd, set_commands[c], (long)r),
			 -EFAULT);
		CHECK(set_holds(sud_fd, two_ranges, 2));
	}
	for (int c = 0; c < 3; c++) {
		*r = good(low);
		CHECK_EQ(site_int80(54, sud_fd, set_commands[c], (long)r), 0);
	}
	CHECK(set_holds(sud_fd, two_ranges + 1, 1));
}
#endif

/* A struct with some bytes behind it that say zero or not. */
struct larger {
	struct sud_regions r;
	unsigned char more[64];
};

TEST(small_size, "a size below the first version is EINVAL")
{
	add_two();
	for (unsigned int size = 0; size < SUD_REGIONS_SIZE_VER0; size++) {
		for (int c = 0; c < 3; c++) {
			struct sud_regions r = good(two_ranges);

			r.size = size;
			CHECK_ERR(ioctl(sud_fd, set_commands[c], &r), EINVAL);
		}
	}
	CHECK(set_holds(sud_fd, two_ranges, 2));
}

TEST(large_size, "a larger struct is taken when the rest is zero")
{
	struct larger big = { .r = good(two_ranges) };

	big.r.size = sizeof(big);
	CHECK_OK(ioctl(sud_fd, SUD_IOC_REGIONS_ADD, &big));
	CHECK(set_holds(sud_fd, two_ranges, 1));
	CHECK_OK(ioctl(sud_fd, SUD_IOC_REGIONS_REMOVE, &big));
	CHECK(set_holds(sud_fd, NULL, 0));
	add_two();
	big.r.ranges = (uintptr_t)listed_ranges;
	CHECK_OK(ioctl(sud_fd, SUD_IOC_REGIONS_LIST, &big));
	CHECK_EQ(big.r.count, 2);
	CHECK_EQ(listed_ranges[0].offset, two_ranges[0].offset);
}

TEST(large_tail, "a larger one whose rest is not zero is E2BIG")
{
	add_two();
	for (unsigned int i = 0; i < sizeof(((struct larger *)0)->more); i++) {
		for (int c = 0; c < 3; c++) {
			struct larger big = { .r = good(many_ranges) };

			big.r.size = sizeof(big);
			big.more[i] = 1;
			CHECK_ERR(ioctl(sud_fd, set_commands[c], &big), E2BIG);
		}
	}
	CHECK(set_holds(sud_fd, two_ranges, 2));
}

TEST(page_size, "a struct may be as large as a page, and no larger")
{
	struct sud_regions *r = (void *)pages(2);

	add_two();
	for (int c = 0; c < 3; c++) {
		*r = good(many_ranges);
		many_ranges[0] = two_ranges[0];
		r->size = PAGE + 1;
		CHECK_ERR(ioctl(sud_fd, set_commands[c], r), E2BIG);
		r->size = -1;
		CHECK_ERR(ioctl(sud_fd, set_commands[c], r), E2BIG);
		CHECK(set_holds(sud_fd, two_ranges, 2));
		r->size = PAGE;
		CHECK_OK(ioctl(sud_fd, set_commands[c], r));
		CHECK_OK(sud_regions_add(sud_fd, two_ranges, 2));
	}
}

TEST(flags, "flags are EINVAL")
{
	add_two();
	for (int bit = 0; bit < 32; bit++) {
		for (int c = 0; c < 3; c++) {
			struct sud_regions r = good(two_ranges);

			r.flags = 1U << bit;
			CHECK_ERR(ioctl(sud_fd, set_commands[c], &r), EINVAL);
		}
	}
	CHECK(set_holds(sud_fd, two_ranges, 2));
}

static const struct sud_range bad_ranges[] = {
	{ 0, 0 },
	{ 0x3000, 0 },
	{ -1, 0 },
	/* An end of 2^64 and beyond. */
	{ -1, 1 },
	{ 1, -1 },
	{ 1ULL << 63, 1ULL << 63 },
	{ -1, 2 },
	{ -1, -1 },
	{ -16, 17 },
};

TEST(bad_range, "a range of no length, or with an end that wraps, is EINVAL")
{
	add_two();
	for (unsigned int i = 0; i < COUNT(bad_ranges); i++) {
		for (int c = 0; c < 2; c++) {
			errno = 0;
			if (change_set(sud_fd, set_commands[c], &bad_ranges[i],
				       1) != -1 ||
			    errno != EINVAL)
				FAIL("range %u, command %d: errno %d", i, c,
				     errno);
		}
	}
	CHECK(set_holds(sud_fd, two_ranges, 2));
}

TEST(all_or_none, "one bad range among good ones: none is taken")
{
	add_two();
	for (unsigned int i = 0; i < COUNT(bad_ranges); i++) {
		for (int at = 0; at < 9; at++) {
			fill_many(9);
			many_ranges[at] = bad_ranges[i];
			CHECK_ERR(sud_regions_add(sud_fd, many_ranges, 9),
				  EINVAL);
			for (int k = 0; k < 9; k++)
				many_ranges[k] = two_ranges[k % 2];
			many_ranges[at] = bad_ranges[i];
			CHECK_ERR(sud_regions_remove(sud_fd, many_ranges, 9),
				  EINVAL);
		}
	}
	CHECK(set_holds(sud_fd, two_ranges, 2));
}

TEST(all_or_none_fault, "an array with a hole in it: none is taken")
{
	unsigned int n = 8 * PAGE / sizeof(struct sud_range);
	char *array = pages(8);

	add_two();
	for (int hole = 7; hole > 0; hole--) {
		fill_many(n);
		many_ranges[0] = two_ranges[0];
		memcpy(array, many_ranges, hole * PAGE);
		CHECK_OK(munmap(array + hole * PAGE, PAGE));
		CHECK_ERR(change_set(sud_fd, SUD_IOC_REGIONS_ADD, (void *)array,
				     n),
			  EFAULT);
		CHECK_ERR(change_set(sud_fd, SUD_IOC_REGIONS_REMOVE,
				     (void *)array, n),
			  EFAULT);
		CHECK(set_holds(sud_fd, two_ranges, 2));
	}
}
