// SPDX-License-Identifier: GPL-2.0-only
/*
 * Region sets as such: the ioctls and their errors, the arithmetic of ranges,
 * and the limits. How calls are judged by a set is in regions_calls.c.
 */
#include <fcntl.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "sud_test.h"

#define MAX 65536
#define PAGE 4096

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static const unsigned int commands[] = { SUD_IOC_REGIONS_ADD,
					 SUD_IOC_REGIONS_REMOVE,
					 SUD_IOC_REGIONS_LIST };

static struct sud_range many[MAX + 1], listed[MAX + 1];

/* Two, as each of the tests of errors finds them, and leaves them. */
static const struct sud_range there[] = { { 0x1000, 16 }, { 0x2000, 16 } };

static int change(int fd, unsigned int command, const struct sud_range *ranges,
		  uint64_t count)
{
	__u64 n = count;

	return sud_regions(fd, command, (struct sud_range *)ranges, &n);
}

/* The set has just these ranges, in this order, and LIST writes no more. */
static bool holds(int fd, const struct sud_range *want, uint64_t count)
{
	__u64 n = COUNT(listed);

	for (uint64_t i = 0; i <= count && i < COUNT(listed); i++)
		listed[i] = (struct sud_range){ 0x5a, 0x5b };
	CHECK_OK(sud_regions_list(fd, listed, &n));
	if (n != count || memcmp(listed, want, count * sizeof(*want)))
		return false;
	return count == COUNT(listed) ||
	       (listed[count].offset == 0x5a && listed[count].len == 0x5b);
}

static uint64_t size_of(int fd)
{
	__u64 n = 0;

	CHECK_OK(sud_regions_list(fd, NULL, &n));
	return n;
}

static void add_two(void)
{
	CHECK_OK(sud_regions_add(sud_fd, there, 2));
}

static struct sud_regions good(const struct sud_range *ranges)
{
	return (struct sud_regions){
		.size = sizeof(struct sud_regions),
		.ranges = (uintptr_t)ranges,
		.count = 1,
	};
}

static char *pages(int n)
{
	char *p = mmap(NULL, n * PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(p != MAP_FAILED);
	return p;
}

/* Bytes that end where memory does. */
static void *at_end(const void *from, size_t size)
{
	char *p = pages(2);

	CHECK_OK(munmap(p + PAGE, PAGE));
	return memcpy(p + PAGE - size, from, size);
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

TEST(info, "INFO tells of region sets, and how many ranges one may hold")
{
	struct sud_info info;

	CHECK_OK(sud_info(sud_fd, &info));
	CHECK(info.flags & SUD_FLAG_REGIONS);
	CHECK_EQ(info.max_regions, MAX);
}

TEST(fault, "a struct that cannot be read or written is EFAULT")
{
	struct sud_regions r = good(there);

	for (int i = 0; i < 3; i++) {
		CHECK_ERR(ioctl(sud_fd, commands[i], NULL), EFAULT);
		CHECK_ERR(ioctl(sud_fd, commands[i], -1L), EFAULT);
#ifdef __LP64__
		CHECK_ERR(ioctl(sud_fd, commands[i], 1L << 63), EFAULT);
		CHECK_ERR(ioctl(sud_fd, commands[i], ~0xfffL), EFAULT);
#endif
		/* The size is there, the rest is not. */
		CHECK_ERR(ioctl(sud_fd, commands[i], at_end(&r, 8)), EFAULT);
		CHECK_OK(ioctl(sud_fd, commands[i], at_end(&r, sizeof(r))));
	}
	/* LIST has to write the count; the others write nothing. */
	char *page = pages(1);

	memcpy(page, &r, sizeof(r));
	CHECK_OK(mprotect(page, PAGE, PROT_READ));
	CHECK_OK(ioctl(sud_fd, SUD_IOC_REGIONS_REMOVE, page));
	CHECK_OK(ioctl(sud_fd, SUD_IOC_REGIONS_ADD, page));
	CHECK_ERR(ioctl(sud_fd, SUD_IOC_REGIONS_LIST, page), EFAULT);
	CHECK(holds(sud_fd, there, 1));
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
			if (ioctl(sud_fd, commands[c], &r) != -1 ||
			    errno != EFAULT)
				FAIL("array at %#llx, command %d: errno %d",
				     (long long)bad_arrays[i], c, errno);
		}
	}
	char *page = pages(1);

	CHECK_OK(mprotect(page, PAGE, PROT_READ));
	CHECK_ERR(change(sud_fd, SUD_IOC_REGIONS_LIST, (void *)page, 1),
		  EFAULT);
	CHECK_OK(mprotect(page, PAGE, PROT_NONE));
	for (int c = 0; c < 3; c++)
		CHECK_ERR(change(sud_fd, commands[c], (void *)page, 1), EFAULT);
	CHECK(holds(sud_fd, there, 2));
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
	low = memcpy(r + 1, there, sizeof(there));
	memcpy(high, there, sizeof(there));
	for (int c = 0; c < 3; c++) {
		*r = good(high);
		CHECK_EQ(site_int80(54, sud_fd, commands[c], (long)r), -EFAULT);
		CHECK(holds(sud_fd, there, 2));
	}
	for (int c = 0; c < 3; c++) {
		*r = good(low);
		CHECK_EQ(site_int80(54, sud_fd, commands[c], (long)r), 0);
	}
	CHECK(holds(sud_fd, there + 1, 1));
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
			struct sud_regions r = good(there);

			r.size = size;
			CHECK_ERR(ioctl(sud_fd, commands[c], &r), EINVAL);
		}
	}
	CHECK(holds(sud_fd, there, 2));
}

TEST(large_size, "a larger struct is taken when the rest is zero")
{
	struct larger big = { .r = good(there) };

	big.r.size = sizeof(big);
	CHECK_OK(ioctl(sud_fd, SUD_IOC_REGIONS_ADD, &big));
	CHECK(holds(sud_fd, there, 1));
	CHECK_OK(ioctl(sud_fd, SUD_IOC_REGIONS_REMOVE, &big));
	CHECK(holds(sud_fd, NULL, 0));
	add_two();
	big.r.ranges = (uintptr_t)listed;
	CHECK_OK(ioctl(sud_fd, SUD_IOC_REGIONS_LIST, &big));
	CHECK_EQ(big.r.count, 2);
	CHECK_EQ(listed[0].offset, there[0].offset);
}

TEST(large_tail, "a larger one whose rest is not zero is E2BIG")
{
	add_two();
	for (unsigned int i = 0; i < sizeof(((struct larger *)0)->more); i++) {
		for (int c = 0; c < 3; c++) {
			struct larger big = { .r = good(many) };

			big.r.size = sizeof(big);
			big.more[i] = 1;
			CHECK_ERR(ioctl(sud_fd, commands[c], &big), E2BIG);
		}
	}
	CHECK(holds(sud_fd, there, 2));
}

TEST(page_size, "a struct may be as large as a page, and no larger")
{
	struct sud_regions *r = (void *)pages(2);

	add_two();
	for (int c = 0; c < 3; c++) {
		*r = good(many);
		many[0] = there[0];
		r->size = PAGE + 1;
		CHECK_ERR(ioctl(sud_fd, commands[c], r), E2BIG);
		r->size = -1;
		CHECK_ERR(ioctl(sud_fd, commands[c], r), E2BIG);
		CHECK(holds(sud_fd, there, 2));
		r->size = PAGE;
		CHECK_OK(ioctl(sud_fd, commands[c], r));
		CHECK_OK(sud_regions_add(sud_fd, there, 2));
	}
}

TEST(flags, "flags are EINVAL")
{
	add_two();
	for (int bit = 0; bit < 32; bit++) {
		for (int c = 0; c < 3; c++) {
			struct sud_regions r = good(there);

			r.flags = 1U << bit;
			CHECK_ERR(ioctl(sud_fd, commands[c], &r), EINVAL);
		}
	}
	CHECK(holds(sud_fd, there, 2));
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
			if (change(sud_fd, commands[c], &bad_ranges[i], 1) !=
				    -1 ||
			    errno != EINVAL)
				FAIL("range %u, command %d: errno %d", i, c,
				     errno);
		}
	}
	CHECK(holds(sud_fd, there, 2));
}

TEST(edges, "ranges reach from 0 to 2^64 - 1")
{
	static const struct sud_range all = { 0, -1 }, first = { 0, 1 },
				      last = { -2, 1 },
				      rest = { 1, (uint64_t)-3 };

	CHECK_OK(sud_regions_add(sud_fd, &all, 1));
	CHECK(holds(sud_fd, &all, 1));
	CHECK_OK(sud_regions_remove(sud_fd, &first, 1));
	CHECK_OK(sud_regions_remove(sud_fd, &last, 1));
	CHECK(holds(sud_fd, &rest, 1));
	CHECK_OK(sud_regions_add(sud_fd, &last, 1));
	CHECK_OK(sud_regions_add(sud_fd, &first, 1));
	CHECK(holds(sud_fd, &all, 1));
	CHECK_OK(sud_regions_remove(sud_fd, &all, 1));
	CHECK(holds(sud_fd, NULL, 0));
}

TEST(empty, "a new set is empty, and LIST of it leaves the array alone")
{
	CHECK(holds(sud_fd, NULL, 0));
}

TEST(no_ranges, "a call with no ranges changes nothing and reads no array")
{
	add_two();
	CHECK_OK(change(sud_fd, SUD_IOC_REGIONS_ADD, NULL, 0));
	CHECK_OK(change(sud_fd, SUD_IOC_REGIONS_REMOVE, NULL, 0));
	CHECK(holds(sud_fd, there, 2));
}

/* n ranges that do not touch each other. */
static void fill_many(unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		many[i] = (struct sud_range){ 0x10000 + 32ULL * i, 16 };
}

TEST(list_room, "LIST with less room writes the first, and says how many")
{
	fill_many(1000);
	CHECK_OK(sud_regions_add(sud_fd, many, 1000));
	for (unsigned int room = 0; room < 256; room++) {
		/* A store behind the room is a fault. */
		struct sud_range *end = at_end(listed, room * sizeof(*listed));
		__u64 n = room;

		CHECK_OK(sud_regions_list(sud_fd, end, &n));
		CHECK_EQ(n, 1000);
		CHECK(!memcmp(end, many, room * sizeof(*many)));
	}
	__u64 n = 0;

	CHECK_OK(sud_regions_list(sud_fd, NULL, &n));
	CHECK_EQ(n, 1000);
	/* And with more room than there can be. */
	for (int bit = 10; bit < 64; bit++) {
		n = (1ULL << bit) + 1;
		CHECK_OK(sud_regions_list(sud_fd, listed, &n));
		CHECK_EQ(n, 1000);
	}
	CHECK(!memcmp(listed, many, 1000 * sizeof(*many)));
}

/* Pictures of sets: '#' is an address that is in, and each run is a range. */
static const struct {
	const char *what;
	const char *before;
	char op;
	const char *in[3];
	const char *after;
} cases[] = {
	{ "apart", "..##....", '+', { ".....##." }, "..##.##." },
	{ "adjoins behind", "..##....", '+', { "....##.." }, "..####.." },
	{ "adjoins in front", "....##..", '+', { "..##...." }, "..####.." },
	{ "overlaps behind", "..###...", '+', { "....##.." }, "..####.." },
	{ "overlaps in front", "...###..", '+', { "..##...." }, "..####.." },
	{ "the same", "..##....", '+', { "..##...." }, "..##...." },
	{ "nested", ".######.", '+', { "...##..." }, ".######." },
	{ "nested, one end", ".######.", '+', { ".##....." }, ".######." },
	{ "nested, the other", ".######.", '+', { ".....##." }, ".######." },
	{ "swallows one", "...##...", '+', { ".######." }, ".######." },
	{ "swallows three", ".#.#.#..", '+', { "#######." }, "#######." },
	{ "bridges", ".##..##.", '+', { "...##..." }, ".######." },
	{ "bridges two gaps", "#.##.###", '+', { ".#..#..." }, "########" },
	{ "touching each other",
	  "........",
	  '+',
	  { ".##.....", "...##...", ".....#.." },
	  ".#####.." },
	{ "overlapping each other",
	  "........",
	  '+',
	  { ".###....", "..####..", "...##..." },
	  ".#####.." },
	{ "descending",
	  "........",
	  '+',
	  { "......#.", "...#....", "#......." },
	  "#..#..#." },
	{ "the same twice",
	  "....#...",
	  '+',
	  { ".##.....", ".##....." },
	  ".##.#..." },
	{ "largest first",
	  "........",
	  '+',
	  { ".######.", "..#.....", "....#..." },
	  ".######." },
	{ "what is not there", "..##....", '-', { "......##" }, "..##...." },
	{ "from nothing", "........", '-', { "..####.." }, "........" },
	{ "just beside", "..##....", '-', { "##..####" }, "..##...." },
	{ "all of it", "..##....", '-', { "..##...." }, "........" },
	{ "more than it", "..##....", '-', { ".####..." }, "........" },
	{ "its front", "..####..", '-', { "..##...." }, "....##.." },
	{ "its end", "..####..", '-', { "....##.." }, "..##...." },
	{ "past its front", "..####..", '-', { "####...." }, "....##.." },
	{ "past its end", "..####..", '-', { "....####" }, "..##...." },
	{ "its middle", ".######.", '-', { "...##..." }, ".##..##." },
	{ "twice its middle", "########", '-', { ".##..#.." }, "#..##.##" },
	{ "several whole", "#.#.#.#.", '-', { ".####..." }, "#.....#." },
	{ "several and parts", "###..###", '-', { "..####.." }, "##....##" },
	{ "overlapping cuts",
	  "########",
	  '-',
	  { "..##....", "...##...", "..#....." },
	  "##...###" },
	{ "adjoining cuts",
	  "########",
	  '-',
	  { "....##..", "..##....", "......#." },
	  "##.....#" },
	{ "the same cut twice",
	  "########",
	  '-',
	  { "..##....", "..##...." },
	  "##..####" },
};

static unsigned int ranges_of(const char *picture, struct sud_range *out)
{
	unsigned int n = 0;

	for (unsigned int i = 0; picture[i]; i++) {
		if (picture[i] != '#')
			continue;
		if (!i || picture[i - 1] != '#')
			out[n++] = (struct sud_range){ 0x7000 + i, 0 };
		out[n - 1].len++;
	}
	return n;
}

/* The pictures of a case, in one call or in one call each. */
static void run_case(unsigned int i, bool together)
{
	unsigned int command = cases[i].op == '+' ? SUD_IOC_REGIONS_ADD
						  : SUD_IOC_REGIONS_REMOVE;
	struct sud_range ranges[16];
	unsigned int n;
	int fd = sud_open();

	CHECK_OK(fd);
	n = ranges_of(cases[i].before, ranges);
	CHECK_OK(sud_regions_add(fd, ranges, n));
	n = 0;
	for (int k = 0; k < 3 && cases[i].in[k]; k++) {
		n += ranges_of(cases[i].in[k], ranges + n);
		if (together)
			continue;
		CHECK_OK(change(fd, command, ranges, n));
		n = 0;
	}
	CHECK_OK(change(fd, command, ranges, n));
	n = ranges_of(cases[i].after, ranges);
	if (!holds(fd, ranges, n))
		FAIL("%c: %s%s", cases[i].op, cases[i].what,
		     together ? ", in one call" : "");
	CHECK_OK(close(fd));
}

TEST(arithmetic, "ranges merge, split, vanish: as a set of addresses does")
{
	for (unsigned int i = 0; i < COUNT(cases); i++) {
		run_case(i, true);
		run_case(i, false);
	}
}

TEST(order, "in which order ranges are added makes no difference")
{
	static const struct sud_range in[5] = { { 0x100, 16 },
						{ 0x110, 16 },
						{ 0x11c, 32 },
						{ 0x200, 1 },
						{ 0x105, 4 } };
	static const struct sud_range out[2] = { { 0x100, 0x3c },
						 { 0x200, 1 } };

	for (int code = 0; code < 120; code++) {
		struct sud_range left[5], ranges[5];
		int c = code, fd = sud_open(), fd2 = sud_open();

		memcpy(left, in, sizeof(in));
		for (int n = 5; n; n--) {
			ranges[5 - n] = left[c % n];
			left[c % n] = left[n - 1];
			c /= n;
		}
		CHECK_OK(sud_regions_add(fd, ranges, 5));
		for (int i = 0; i < 5; i++)
			CHECK_OK(sud_regions_add(fd2, ranges + i, 1));
		CHECK(holds(fd, out, 2));
		CHECK(holds(fd2, out, 2));
		CHECK_OK(close(fd));
		CHECK_OK(close(fd2));
	}
}

/* The model: a byte for each unit of the addresses in play. */
#define UNITS_MAX 20000
static unsigned char model[UNITS_MAX + 1];
static unsigned int seed;

static unsigned int rnd(unsigned int below)
{
	seed = seed * 1103515245 + 12345;
	return (seed >> 8) % below;
}

static unsigned int model_ranges(unsigned int units, uint64_t base,
				 unsigned int unit)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < units; i++) {
		if (!model[i])
			continue;
		if (!i || !model[i - 1])
			many[n++] =
				(struct sud_range){ base + (uint64_t)i * unit,
						    0 };
		many[n - 1].len += unit;
	}
	return n;
}

static void check_model(unsigned int units, uint64_t base, unsigned int unit,
			unsigned int calls, unsigned int most)
{
	static struct sud_range ranges[500];
	unsigned int first_seed = seed;
	int fd = sud_open();

	CHECK_OK(fd);
	memset(model, 0, sizeof(model));
	for (unsigned int call = 0; call < calls; call++) {
		unsigned int n = 1 + rnd(most), longest = 1 + rnd(units / 4);
		bool add = rnd(2);

		for (unsigned int i = 0; i < n; i++) {
			unsigned int from = rnd(units);
			unsigned int len = 1 + rnd(longest);

			if (len > units - from)
				len = units - from;
			memset(model + from, add, len);
			ranges[i] = (struct sud_range){ base + (uint64_t)from *
									unit,
							(uint64_t)len * unit };
		}
		CHECK_OK(change(fd, commands[!add], ranges, n));
		n = model_ranges(units, base, unit);
		if (!holds(fd, many, n))
			FAIL("SUD_SEED=%u, base %#llx: call %u differs",
			     first_seed, (long long)base, call);
	}
	CHECK_OK(close(fd));
}

TEST_LIMIT(random, "thousands of random calls agree with a map of addresses",
	   false, 120)
{
	const char *given = getenv("SUD_SEED");

	seed = given ? (unsigned int)atol(given) : (unsigned int)time(NULL);
	printf("# SUD_SEED=%u\n", seed);
	/* At the bottom, in the midst, and up to the last address. */
	check_model(60, 0, 1, often(1000), 3);
	check_model(200, 0, 1, often(1000), 8);
	check_model(200, 0x7f0000000000, PAGE, often(1000), 8);
	check_model(200, -1ULL - 200 * 16, 16, often(1000), 8);
	/* Long lists: short ranges make them. */
	check_model(UNITS_MAX, 0x10000, 8, often(60), 500);
}

TEST(all_or_none, "one bad range among good ones: none is taken")
{
	add_two();
	for (unsigned int i = 0; i < COUNT(bad_ranges); i++) {
		for (int at = 0; at < 9; at++) {
			fill_many(9);
			many[at] = bad_ranges[i];
			CHECK_ERR(sud_regions_add(sud_fd, many, 9), EINVAL);
			for (int k = 0; k < 9; k++)
				many[k] = there[k % 2];
			many[at] = bad_ranges[i];
			CHECK_ERR(sud_regions_remove(sud_fd, many, 9), EINVAL);
		}
	}
	CHECK(holds(sud_fd, there, 2));
}

TEST(all_or_none_fault, "an array with a hole in it: none is taken")
{
	unsigned int n = 8 * PAGE / sizeof(struct sud_range);
	char *array = pages(8);

	add_two();
	for (int hole = 7; hole > 0; hole--) {
		fill_many(n);
		many[0] = there[0];
		memcpy(array, many, hole * PAGE);
		CHECK_OK(munmap(array + hole * PAGE, PAGE));
		CHECK_ERR(change(sud_fd, SUD_IOC_REGIONS_ADD, (void *)array, n),
			  EFAULT);
		CHECK_ERR(change(sud_fd, SUD_IOC_REGIONS_REMOVE, (void *)array,
				 n),
			  EFAULT);
		CHECK(holds(sud_fd, there, 2));
	}
}

TEST_LIMIT(full, "a set holds 65,536 ranges, and one more is ENOSPC", false, 60)
{
	fill_many(MAX + 1);
	CHECK_ERR(sud_regions_add(sud_fd, many, MAX + 1), ENOSPC);
	CHECK(holds(sud_fd, NULL, 0));
	CHECK_OK(sud_regions_add(sud_fd, many, MAX));
	CHECK(holds(sud_fd, many, MAX));
	CHECK_ERR(sud_regions_add(sud_fd, many + MAX, 1), ENOSPC);
	CHECK(holds(sud_fd, many, MAX));
	/* What is there already needs no room. */
	CHECK_OK(sud_regions_add(sud_fd, many, MAX));
	CHECK(holds(sud_fd, many, MAX));
	/* Nor does what one of them grows by. */
	struct sud_range more = { many[MAX - 1].offset + 8, 12 };

	CHECK_OK(sud_regions_add(sud_fd, &more, 1));
	many[MAX - 1].len = 20;
	CHECK(holds(sud_fd, many, MAX));
	CHECK_OK(sud_regions_remove(sud_fd, many + 77, 1));
	CHECK_OK(sud_regions_add(sud_fd, many + MAX, 1));
	memmove(many + 77, many + 78, (MAX - 77) * sizeof(*many));
	CHECK(holds(sud_fd, many, MAX));
}

TEST_LIMIT(full_split, "removing from the middle of one is then ENOSPC", false,
	   60)
{
	fill_many(MAX);
	CHECK_OK(sud_regions_add(sud_fd, many, MAX));
	struct sud_range cut = { many[500].offset + 4, 4 };

	CHECK_ERR(sud_regions_remove(sud_fd, &cut, 1), ENOSPC);
	CHECK(holds(sud_fd, many, MAX));
	/* From an end is not. */
	cut.offset = many[500].offset;
	CHECK_OK(sud_regions_remove(sud_fd, &cut, 1));
	many[500].offset += 4;
	many[500].len -= 4;
	CHECK(holds(sud_fd, many, MAX));
}

TEST_LIMIT(full_exchange, "what counts is how many a call leaves", false, 60)
{
	fill_many(MAX + 1);
	CHECK_OK(sud_regions_add(sud_fd, many, MAX));
	/* Splits one and takes another away, in either order. */
	struct sud_range cuts[2] = { { many[900].offset + 4, 4 }, many[10] };

	CHECK_OK(sud_regions_remove(sud_fd, cuts, 2));
	CHECK_EQ(size_of(sud_fd), MAX);
	cuts[0] = many[20];
	cuts[1] = (struct sud_range){ many[901].offset + 4, 4 };
	CHECK_OK(sud_regions_remove(sud_fd, cuts, 2));
	CHECK_EQ(size_of(sud_fd), MAX);
	/* Adds one, and joins two others. */
	struct sud_range adds[2] = { many[MAX], { many[400].offset + 16, 16 } };

	CHECK_OK(sud_regions_add(sud_fd, adds, 2));
	CHECK_EQ(size_of(sud_fd), MAX);
	CHECK_ERR(sud_regions_add(sud_fd, many + 10, 1), ENOSPC);
}

TEST(huge_count, "a count beyond all memory is ENOSPC, and nothing is taken")
{
	static const uint64_t counts[] = {
		MAX + 1ULL,
		1ULL << 31,
		1ULL << 32,
		(1ULL << 32) + 1,
		1ULL << 59,
		(1ULL << 60) - 1,
		1ULL << 60,
		(1ULL << 60) + 1,
		1ULL << 63,
		(1ULL << 63) + 1,
		~0ULL,
		~0ULL >> 4,
		((1ULL << 60) + 2) /* 32 bytes, modulo 2^64 */
	};

	fill_many(MAX + 1);
	add_two();
	for (unsigned int i = 0; i < COUNT(counts); i++) {
		for (int c = 0; c < 2; c++) {
			errno = 0;
			if (change(sud_fd, commands[c], many, counts[i]) !=
				    -1 ||
			    errno != ENOSPC)
				FAIL("count %#llx, command %d: errno %d",
				     (long long)counts[i], c, errno);
		}
	}
	CHECK(holds(sud_fd, there, 2));
}

static double seconds(void)
{
	struct timespec now;

	CHECK_OK(clock_gettime(CLOCK_MONOTONIC, &now));
	return now.tv_sec + now.tv_nsec / 1e9;
}

/* What this thread has taken of a CPU. */
static double cpu_seconds(void)
{
	struct timespec now;

	CHECK_OK(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now));
	return now.tv_sec + now.tv_nsec / 1e9;
}

/* The quickest of some calls that add n ranges in no order to an empty set. */
static double add_time(unsigned int n, int rounds)
{
	double best = 1e9;

	fill_many(n);
	for (unsigned int i = n - 1; i; i--) {
		unsigned int k = rnd(i + 1);
		struct sud_range r = many[i];

		many[i] = many[k];
		many[k] = r;
	}
	while (rounds--) {
		int fd = sud_open();
		double start = cpu_seconds();

		CHECK_OK(sud_regions_add(fd, many, n));
		start = cpu_seconds() - start;
		if (start < best)
			best = start;
		CHECK_OK(close(fd));
	}
	return best;
}

TEST_LIMIT(quick, "a call with very many ranges takes no square of the time",
	   false, 120)
{
	double lots = add_time(10000, 5), most = add_time(64000, 5);

	printf("# 10,000 ranges in one call: %.1f ms, 64,000: %.1f\n",
	       lots * 1e3, most * 1e3);
	/* Milliseconds on a free machine; what is squared takes minutes. */
	CHECK(lots < 2);
	CHECK(most < 20);
}

static void become(int uid)
{
	CHECK_OK(setgid(uid));
	CHECK_OK(setuid(uid));
}

static long long memory_of(const char *cgroup)
{
	char path[100], text[32] = "";
	int fd;

	snprintf(path, sizeof(path), "%s/memory.current", cgroup);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	CHECK_OK(fd);
	CHECK_OK(read(fd, text, sizeof(text) - 1));
	CHECK_OK(close(fd));
	return atoll(text);
}

static const char cgroup[] = "/sys/fs/cgroup/regions";
static long long memory_before;

static bool memory_back(void)
{
	return memory_of(cgroup) < memory_before + (512 << 10);
}

TEST_LIMIT(memory_cgroup, "ranges are charged to the cgroup of who adds them",
	   false, 60)
{
	file_write("/sys/fs/cgroup/cgroup.subtree_control", "+memory");
	if (mkdir(cgroup, 0755) && errno != EEXIST)
		SKIP("no cgroups: %s", strerror(errno));
	if (access("/sys/fs/cgroup/regions/memory.current", F_OK))
		SKIP("no memory cgroups");
	fill_many(MAX);
	pid_t pid = fork();

	CHECK_OK(pid);
	if (!pid) {
		int fd = sud_open();

		CHECK(file_write("/sys/fs/cgroup/regions/cgroup.procs", "0"));
		memory_before = memory_of(cgroup);
		CHECK_OK(sud_regions_add(fd, many, MAX));
		/* 16 bytes for each, and no pages of its own in between. */
		CHECK(memory_of(cgroup) >= memory_before + (1 << 20));
		CHECK_OK(close(fd));
		CHECK(wait_until(memory_back, 20000));
		_exit(0);
	}
	int status;

	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
	rmdir(cgroup);
}

#define NOBODY 65534
#define SETS_MAX 200

static int sets[SETS_MAX];

/* Opens and fills sets until there is no room: how many. */
static int use_up(void)
{
	int n = 0;

	fill_many(MAX);
	for (;;) {
		CHECK(n < SETS_MAX);
		sets[n] = sud_open();
		CHECK_OK(sets[n]);
		if (sud_regions_add(sets[n], many, MAX))
			break;
		n++;
	}
	CHECK_EQ(errno, ENOSPC);
	/* The one that found no room is as it was, and its file is closed. */
	CHECK(holds(sets[n], NULL, 0));
	CHECK_OK(close(sets[n]));
	return n;
}

/* A set that can be filled, in the end. */
static int fill_later(void)
{
	double limit = seconds() + 60;
	int fd = sud_open();

	CHECK_OK(fd);
	while (sud_regions_add(fd, many, MAX)) {
		CHECK_EQ(errno, ENOSPC);
		if (seconds() > limit)
			FAIL("the room did not come back");
		sleep_ms(20);
	}
	return fd;
}

static bool can_fill(int uid)
{
	int status;
	pid_t pid = fork();

	CHECK_OK(pid);
	if (!pid) {
		if (uid)
			become(uid);
		_exit(!!sud_regions_add(sud_open(), many, MAX));
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK(WIFEXITED(status));
	return !WEXITSTATUS(status);
}

TEST_LIMIT(user_limit,
	   "a user has 64 MiB for sets, and closing them gives it back", false,
	   170)
{
	pid_t pid = fork();
	int status, n;

	CHECK_OK(pid);
	if (!pid) {
		become(NOBODY);
		n = use_up();
		printf("# %d sets of 65,536 ranges\n", n);
		/* A set has 1 MiB of ranges, in no more than three copies. */
		CHECK(n >= 64 / 3);
		CHECK(n <= 64);
		/* A process of the same user has no more. */
		CHECK(!can_fill(0));
		for (int i = 0; i < n; i++)
			CHECK_OK(close(sets[i]));
		for (int i = 0; i < often(n); i++)
			sets[i] = fill_later();
		_exit(0);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
}

TEST_LIMIT(user_limit_others, "other users have theirs", false, 170)
{
	int ready[2], status;
	char c;

	fill_many(MAX);
	CHECK_OK(pipe(ready));
	pid_t pid = fork();

	CHECK_OK(pid);
	if (!pid) {
		become(NOBODY);
		use_up();
		CHECK_EQ(write(ready[1], "x", 1), 1);
		for (;;)
			pause();
	}
	CHECK_OK(close(ready[1]));
	CHECK_EQ(read(ready[0], &c, 1), 1);
	CHECK(can_fill(0));
	CHECK(can_fill(NOBODY - 1));
	CHECK(!can_fill(NOBODY));
	/* Killed, it gives all back. */
	CHECK_OK(kill(pid, SIGKILL));
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	become(NOBODY);
	fill_later();
}

TEST_LIMIT(user_limit_updates, "changes without end take no more room", false,
	   120)
{
	become(NOBODY);
	fill_many(MAX);
	CHECK_OK(sud_regions_add(sud_fd, many, MAX));
	/* Each makes a new copy of 1 MiB. */
	for (int i = 0; i < often(100); i++) {
		CHECK_OK(sud_regions_remove(sud_fd, many + i * 5, 1));
		CHECK_OK(sud_regions_add(sud_fd, many + i * 5, 1));
	}
	CHECK(holds(sud_fd, many, MAX));
}
