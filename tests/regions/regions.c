// SPDX-License-Identifier: GPL-2.0-only
/*
 * Region sets as such: what they hold after ranges were added and removed. Errors are
 * in regions_errors.c, limits in regions_limits.c, and how calls are judged by a set
 * is in regions_calls.c.
 */
#include "lib/backend.h"
#include "lib/clock.h"
#include "lib/harness.h"
#include "lib/memory.h"
#include "lib/ranges.h"
#include "lib/rnd.h"

TEST(info, "INFO tells of region sets, and how many ranges one may hold")
{
	struct sud_info info;

	CHECK_OK(sud_info(sud_fd, &info));
	CHECK(info.flags & SUD_FLAG_REGIONS);
	CHECK_EQ(info.max_regions, RANGES_MAX);
}

TEST(edges, "ranges reach from 0 to 2^64 - 1")
{
	static const struct sud_range all = { 0, -1 }, first = { 0, 1 },
				      last = { -2, 1 },
				      rest = { 1, (uint64_t)-3 };

	CHECK_OK(sud_regions_add(sud_fd, &all, 1));
	CHECK(set_holds(sud_fd, &all, 1));
	CHECK_OK(sud_regions_remove(sud_fd, &first, 1));
	CHECK_OK(sud_regions_remove(sud_fd, &last, 1));
	CHECK(set_holds(sud_fd, &rest, 1));
	CHECK_OK(sud_regions_add(sud_fd, &last, 1));
	CHECK_OK(sud_regions_add(sud_fd, &first, 1));
	CHECK(set_holds(sud_fd, &all, 1));
	CHECK_OK(sud_regions_remove(sud_fd, &all, 1));
	CHECK(set_holds(sud_fd, NULL, 0));
}

TEST(empty, "a new set is empty, and LIST of it leaves the array alone")
{
	CHECK(set_holds(sud_fd, NULL, 0));
}

TEST(no_ranges, "a call with no ranges changes nothing and reads no array")
{
	add_two();
	CHECK_OK(change_set(sud_fd, SUD_IOC_REGIONS_ADD, NULL, 0));
	CHECK_OK(change_set(sud_fd, SUD_IOC_REGIONS_REMOVE, NULL, 0));
	CHECK(set_holds(sud_fd, two_ranges, 2));
}

TEST(list_room, "LIST with less room writes the first, and says how many")
{
	fill_many(1000);
	CHECK_OK(sud_regions_add(sud_fd, many_ranges, 1000));
	for (unsigned int room = 0; room < 256; room++) {
		/* A store behind the room is a fault. */
		struct sud_range *end = at_page_end(
			listed_ranges, room * sizeof(*listed_ranges));
		__u64 n = room;

		CHECK_OK(sud_regions_list(sud_fd, end, &n));
		CHECK_EQ(n, 1000);
		CHECK(!memcmp(end, many_ranges, room * sizeof(*many_ranges)));
	}
	__u64 n = 0;

	CHECK_OK(sud_regions_list(sud_fd, NULL, &n));
	CHECK_EQ(n, 1000);
	/* And with more room than there can be. */
	for (int bit = 10; bit < 64; bit++) {
		n = (1ULL << bit) + 1;
		CHECK_OK(sud_regions_list(sud_fd, listed_ranges, &n));
		CHECK_EQ(n, 1000);
	}
	CHECK(!memcmp(listed_ranges, many_ranges, 1000 * sizeof(*many_ranges)));
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
		CHECK_OK(change_set(fd, command, ranges, n));
		n = 0;
	}
	CHECK_OK(change_set(fd, command, ranges, n));
	n = ranges_of(cases[i].after, ranges);
	if (!set_holds(fd, ranges, n))
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
		CHECK(set_holds(fd, out, 2));
		CHECK(set_holds(fd2, out, 2));
		CHECK_OK(close(fd));
		CHECK_OK(close(fd2));
	}
}

/* The model: a byte for each unit of the addresses in play. */
#define UNITS_MAX 20000
static unsigned char model[UNITS_MAX + 1];
static unsigned int model_ranges(unsigned int units, uint64_t base,
				 unsigned int unit)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < units; i++) {
		if (!model[i])
			continue;
		if (!i || !model[i - 1])
			many_ranges[n++] =
				(struct sud_range){ base + (uint64_t)i * unit,
						    0 };
		many_ranges[n - 1].len += unit;
	}
	return n;
}

static void check_model(unsigned int units, uint64_t base, unsigned int unit,
			unsigned int calls, unsigned int most)
{
	static struct sud_range ranges[500];
	unsigned int first_seed = rnd_seed;
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
		CHECK_OK(change_set(fd, set_commands[!add], ranges, n));
		n = model_ranges(units, base, unit);
		if (!set_holds(fd, many_ranges, n))
			FAIL("SUD_SEED=%u, base %#llx: call %u differs",
			     first_seed, (long long)base, call);
	}
	CHECK_OK(close(fd));
}

TEST_LIMIT(random, "thousands of random calls agree with a map of addresses",
	   false, 120)
{
	const char *given = getenv("SUD_SEED");

	rnd_seed = given ? (unsigned int)atol(given) : (unsigned int)time(NULL);
	printf("# SUD_SEED=%u\n", rnd_seed);
	/* At the bottom, in the midst, and up to the last address. */
	check_model(60, 0, 1, often(1000), 3);
	check_model(200, 0, 1, often(1000), 8);
	check_model(200, 0x7f0000000000, PAGE, often(1000), 8);
	check_model(200, -1ULL - 200 * 16, 16, often(1000), 8);
	/* Long lists: short ranges make them. */
	check_model(UNITS_MAX, 0x10000, 8, often(60), 500);
}
