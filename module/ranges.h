/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sorted ranges of addresses: arithmetic only, without memory or locks, so that
 * it is tested outside the kernel too (tests/host). regions.c owns the memory.
 *
 * A list of struct sud_range is joined when it is in ascending order and its
 * ranges neither overlap nor adjoin.
 */
#ifndef SUD_RANGES_H
#define SUD_RANGES_H

#include <linux/compiler.h>
#include <linux/types.h>
#include <sud_uapi.h>

/**
 * struct sud_ranges - joined ranges, made for the search
 * @room: how many there is room for, a power of two
 * @count: how many there are
 * @levels: of the search: @count rounded up is 1 << @levels
 * @starts: the first addresses, and behind @room of them the lengths: that of
 *	starts[i] is starts[@room + i]. From @count to 1 << @levels, ULONG_MAX
 *	with a length of 0
 */
struct sud_ranges {
	size_t room;
	size_t count;
	unsigned int levels;
	unsigned long starts[];
};

static inline unsigned long sud_ranges_len(const struct sud_ranges *ranges,
					   size_t i)
{
	return ranges->starts[ranges->room + i];
}

static __always_inline const unsigned long *
sud_ranges_step(const unsigned long *at, size_t step, unsigned long ip)
{
	/* A writer may be at work here: the reader sees it by the version. */
	return data_race(at[step]) <= ip ? at + step : at;
}

/*
 * sud_ranges_search() - the last range that begins at or before @ip
 *
 * Return: where its start is in @starts; when there is none, where the first is.
 * Two or three instructions a level. Whatever is read while a writer is at work,
 * the outcome lies within the room.
 */
static __always_inline const unsigned long *
sud_ranges_search(const struct sud_ranges *ranges, unsigned long ip)
{
	const unsigned long *at = ranges->starts;

	/* With a likely case given, gcc tests that one first and then halves. */
	switch (__builtin_expect(READ_ONCE(ranges->levels), 12)) {
	case 16:
		at = sud_ranges_step(at, 1UL << 15, ip);
		fallthrough;
	case 15:
		at = sud_ranges_step(at, 1UL << 14, ip);
		fallthrough;
	case 14:
		at = sud_ranges_step(at, 1UL << 13, ip);
		fallthrough;
	case 13:
		at = sud_ranges_step(at, 1UL << 12, ip);
		fallthrough;
	case 12:
		at = sud_ranges_step(at, 1UL << 11, ip);
		fallthrough;
	case 11:
		at = sud_ranges_step(at, 1UL << 10, ip);
		fallthrough;
	case 10:
		at = sud_ranges_step(at, 1UL << 9, ip);
		fallthrough;
	case 9:
		at = sud_ranges_step(at, 1UL << 8, ip);
		fallthrough;
	case 8:
		at = sud_ranges_step(at, 1UL << 7, ip);
		fallthrough;
	case 7:
		at = sud_ranges_step(at, 1UL << 6, ip);
		fallthrough;
	case 6:
		at = sud_ranges_step(at, 1UL << 5, ip);
		fallthrough;
	case 5:
		at = sud_ranges_step(at, 1UL << 4, ip);
		fallthrough;
	case 4:
		at = sud_ranges_step(at, 1UL << 3, ip);
		fallthrough;
	case 3:
		at = sud_ranges_step(at, 1UL << 2, ip);
		fallthrough;
	case 2:
		at = sud_ranges_step(at, 1UL << 1, ip);
		fallthrough;
	case 1:
		at = sud_ranges_step(at, 1UL << 0, ip);
		fallthrough;
	default:
		return at;
	}
}

/* None is empty, and none wraps. */
bool sud_ranges_valid(const struct sud_range *ranges, size_t count);
bool sud_ranges_in_order(const struct sud_range *ranges, size_t count);
/* Joins ranges that are in order. Return: how many remain. */
size_t sud_ranges_join(struct sud_range *ranges, size_t count);

/*
 * Both lists are joined, and so is the outcome, which is written to @to. Without
 * @to it is only counted. Return: its length.
 */
size_t sud_ranges_unite(const struct sud_ranges *old,
			const struct sud_range *more, size_t count,
			struct sud_ranges *to);
size_t sud_ranges_subtract(const struct sud_ranges *old,
			   const struct sud_range *less, size_t count,
			   struct sud_ranges *to);
/* The first @count are written: make them ready for the search. */
void sud_ranges_finish(struct sud_ranges *ranges, size_t count);

#endif /* SUD_RANGES_H */
