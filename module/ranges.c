// SPDX-License-Identifier: GPL-2.0-only
#include "ranges.h"

bool sud_ranges_valid(const struct sud_range *ranges, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (ranges[i].offset + ranges[i].len <= ranges[i].offset)
			return false;
	return true;
}

bool sud_ranges_in_order(const struct sud_range *ranges, size_t count)
{
	size_t i;

	for (i = 1; i < count; i++)
		if (ranges[i].offset < ranges[i - 1].offset)
			return false;
	return true;
}

size_t sud_ranges_join(struct sud_range *ranges, size_t count)
{
	size_t i, n = 0;

	for (i = 1; i < count; i++) {
		__u64 end = ranges[n].offset + ranges[n].len;
		__u64 next_end = ranges[i].offset + ranges[i].len;

		if (ranges[i].offset > end)
			ranges[++n] = ranges[i];
		else if (next_end > end)
			ranges[n].len = next_end - ranges[n].offset;
	}
	return count ? n + 1 : 0;
}

/* The nth range of the outcome; without @to it is only counted. */
static void emit(struct sud_ranges *to, size_t n, unsigned long start,
		 unsigned long end)
{
	if (!to)
		return;
	to->starts[n] = start;
	to->starts[to->room + n] = end - start;
}

size_t sud_ranges_unite(const struct sud_ranges *old,
			const struct sud_range *more, size_t count,
			struct sud_ranges *to)
{
	unsigned long start = 0, end = 0;
	size_t i = 0, j = 0, n = 0;
	bool any = false;

	while (i < old->count || j < count) {
		unsigned long next, next_end;

		if (j == count ||
		    (i < old->count && old->starts[i] < more[j].offset)) {
			next = old->starts[i];
			next_end = next + sud_ranges_len(old, i++);
		} else {
			next = more[j].offset;
			next_end = next + more[j++].len;
		}

		if (any && next <= end) {
			end = next_end > end ? next_end : end;
			continue;
		}
		if (any)
			emit(to, n++, start, end);
		start = next;
		end = next_end;
		any = true;
	}
	if (any)
		emit(to, n++, start, end);
	return n;
}

size_t sud_ranges_subtract(const struct sud_ranges *old,
			   const struct sud_range *less, size_t count,
			   struct sud_ranges *to)
{
	size_t i, j = 0, n = 0;

	for (i = 0; i < old->count; i++) {
		unsigned long start = old->starts[i];
		unsigned long end = start + sud_ranges_len(old, i);

		/* What ends before this range begins ends before the others. */
		while (j < count && less[j].offset + less[j].len <= start)
			j++;
		/* The last one here may reach into the next range. */
		for (; j < count && less[j].offset < end; j++) {
			if (start < less[j].offset)
				emit(to, n++, start, less[j].offset);
			start = less[j].offset + less[j].len;
			if (start >= end)
				break;
		}
		if (start < end)
			emit(to, n++, start, end);
	}
	return n;
}

void sud_ranges_finish(struct sud_ranges *ranges, size_t count)
{
	unsigned int levels = 0;
	size_t i;

	while ((size_t)1 << levels < count)
		levels++;
	for (i = count; i < (size_t)1 << levels; i++) {
		ranges->starts[i] = ~0UL;
		ranges->starts[ranges->room + i] = 0;
	}
	ranges->count = count;
	ranges->levels = levels;
}
