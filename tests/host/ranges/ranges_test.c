// SPDX-License-Identifier: GPL-2.0-only
/*
 * module/ranges.c against a bitmap: random ranges are added to a set of addresses
 * and removed from it, and after each change the set, its list, and what the
 * search says of every address must be those of the bitmap. Prints TAP.
 *
 *	ranges_test [SEED]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ranges.h"

#define ADDRESSES 600
#define ROUNDS 20000

static unsigned long base;
static bool map[ADDRESSES];
static struct sud_ranges *now;
static unsigned int seed = 1;

/* With no more room than @count ranges need. */
static struct sud_ranges *ranges_alloc(size_t count)
{
	struct sud_ranges *ranges;
	size_t room = 1;

	while (room < count)
		room *= 2;
	ranges = malloc(sizeof(*ranges) + 2 * room * sizeof(ranges->starts[0]));
	if (!ranges)
		exit(99);
	ranges->room = room;
	sud_ranges_finish(ranges, 0);
	return ranges;
}

static int below(int n)
{
	return rand_r(&seed) % n;
}

static int by_offset(const void *a, const void *b)
{
	const struct sud_range *one = a, *two = b;

	return one->offset < two->offset ? -1 : one->offset > two->offset;
}

/* As regions.c: sorts when that is needed, and joins. */
static size_t join(struct sud_range *list, size_t count)
{
	if (!sud_ranges_in_order(list, count))
		qsort(list, count, sizeof(*list), by_offset);
	return sud_ranges_join(list, count);
}

/* A list of ranges that may overlap, adjoin or repeat; and in the map, too. */
static size_t random_list(struct sud_range *list, bool add)
{
	int longest = below(3) ? 20 : 200;
	size_t count = 1 + below(below(4) ? 6 : 100), i;

	for (i = 0; i < count; i++) {
		int start = below(ADDRESSES - 1);
		int len = 1 + below(longest);

		if (len > ADDRESSES - 1 - start)
			len = ADDRESSES - 1 - start;
		list[i].offset = base + start;
		list[i].len = len;
		memset(map + start, add, len);
	}
	return count;
}

static bool inside(unsigned long ip)
{
	const unsigned long *at = sud_ranges_search(now, ip);

	return ip - at[0] < at[now->room];
}

/* Return: what is wrong, or NULL. */
static const char *compare(void)
{
	size_t n = 0;
	int i, start;

	for (i = 0; i < ADDRESSES; i++)
		if (inside(base + i) != map[i])
			return "the search is wrong about an address";
	if (base && inside(base - 1))
		return "the search finds an address before the first";

	for (i = 0; i < ADDRESSES; i++) {
		if (!map[i])
			continue;
		start = i;
		while (i < ADDRESSES && map[i])
			i++;
		if (n >= now->count || now->starts[n] != base + start)
			return "a range does not begin where it should";
		if (now->starts[n] + sud_ranges_len(now, n) != base + i)
			return "a range does not end where it should";
		n++;
	}
	return n == now->count ? NULL : "there is a range too many";
}

static const char *change(void)
{
	struct sud_range list[128];
	bool add = below(2);
	size_t count = random_list(list, add), n;
	struct sud_ranges *next;
	size_t (*merge)(const struct sud_ranges *old,
			const struct sud_range *change, size_t count,
			struct sud_ranges *to) = add ? sud_ranges_unite
						     : sud_ranges_subtract;

	if (!sud_ranges_valid(list, count))
		return "a good list is called bad";
	count = join(list, count);
	for (n = 1; n < count; n++)
		if (list[n].offset <= list[n - 1].offset + list[n - 1].len)
			return "a joined list is not joined";
	n = merge(now, list, count, NULL);
	next = ranges_alloc(n);
	if (merge(now, list, count, next) != n)
		return "counted and written differ";
	sud_ranges_finish(next, n);
	free(now);
	now = next;
	return compare();
}

static const char *rounds(unsigned long where)
{
	int i;

	base = where;
	memset(map, 0, sizeof(map));
	sud_ranges_finish(now, 0);
	for (i = 0; i < ROUNDS; i++) {
		const char *wrong = change();

		if (wrong)
			return wrong;
	}
	return NULL;
}

static const char *bad_lists(void)
{
	struct sud_range good = { 0x1000, 0x1000 }, empty = { 0x1000, 0 },
			 wraps = { -0x1000UL, 0x1001 },
			 ends_at_0 = { -0x1000UL, 0x1000 };

	if (!sud_ranges_valid(&good, 1) || !sud_ranges_valid(NULL, 0))
		return "a good list is called bad";
	if (sud_ranges_valid(&empty, 1))
		return "an empty range is called good";
	if (sud_ranges_valid(&wraps, 1) || sud_ranges_valid(&ends_at_0, 1))
		return "a range that wraps is called good";
	return NULL;
}

static int failed;

static void report(int n, const char *name, const char *wrong)
{
	failed |= !!wrong;
	printf("%sok %d - %s\n", wrong ? "not " : "", n, name);
	if (wrong)
		printf("# %s\n", wrong);
}

int main(int argc, char **argv)
{
	if (argc > 1)
		seed = strtoul(argv[1], NULL, 0);
	printf("1..4\n# seed %u\n", seed);
	now = ranges_alloc(0);
	report(1, "random changes, from address 0 on", rounds(0));
	report(2, "random changes, in the middle", rounds(0x7f0000000000));
	report(3, "random changes, up to the last address",
	       rounds(-(unsigned long)ADDRESSES));
	report(4, "lists that are refused", bad_lists());
	free(now);
	return failed;
}
