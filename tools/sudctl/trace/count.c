// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>

#include "args.h"
#include "capture.h"
#include "clock.h"
#include "count.h"
#include "options.h"

static struct count counts[CALLS];

void count_add(const struct space *space, int slot)
{
	const struct count *from = (struct count *)space_ring(space, slot);
	int nr;

	if (!options.count)
		return;
	for (nr = 0; nr < CALLS; nr++) {
		counts[nr].calls += from[nr].calls;
		counts[nr].errors += from[nr].errors;
		counts[nr].ticks += from[nr].ticks;
	}
}

void count_one(const struct record *record)
{
	struct count *c = &counts[record->nr];

	c->calls++;
	if (call_failed(record->result))
		c->errors++;
	c->ticks += record->end - record->start;
}

static int by_time(const void *a, const void *b)
{
	const struct count *left = &counts[*(const int *)a];
	const struct count *right = &counts[*(const int *)b];

	if (left->ticks != right->ticks)
		return left->ticks < right->ticks ? 1 : -1;
	return *(const int *)a - *(const int *)b;
}

static void print_line(double share, double seconds, uint64_t calls,
		       uint64_t errors, const char *name)
{
	char text[32] = "";

	if (errors)
		snprintf(text, sizeof(text), "%llu",
			 (unsigned long long)errors);
	fprintf(options.output, "%6.2f %11.6f %11.0f %9llu %9s %s\n", share,
		seconds, calls ? seconds * 1e6 / calls : 0,
		(unsigned long long)calls, text, name);
}

#define RULE \
	"------ ----------- ----------- --------- --------- ----------------\n"

void count_print(void)
{
	struct count all = { 0 };
	int order[CALLS], n = 0, nr, i;

	for (nr = 0; nr < CALLS; nr++) {
		if (!counts[nr].calls)
			continue;
		order[n++] = nr;
		all.calls += counts[nr].calls;
		all.errors += counts[nr].errors;
		all.ticks += counts[nr].ticks;
	}
	qsort(order, n, sizeof(order[0]), by_time);
	fputs("% time     seconds  usecs/call     calls    errors syscall\n" RULE,
	      options.output);
	for (i = 0; i < n; i++) {
		const struct count *c = &counts[order[i]];

		print_line(all.ticks ? 100.0 * c->ticks / all.ticks : 0,
			   clock_seconds(c->ticks), c->calls, c->errors,
			   call_name(order[i]) ? call_name(order[i]) : "?");
	}
	fputs(RULE, options.output);
	print_line(100, clock_seconds(all.ticks), all.calls, all.errors,
		   "total");
}
