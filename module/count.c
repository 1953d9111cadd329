// SPDX-License-Identifier: GPL-2.0-only
/*
 * The counters, which are per CPU and never taken back: CPUs that are off count too.
 */
#include <linux/cpumask.h>
#include <linux/string.h>

#include "count.h"

DEFINE_PER_CPU(struct sud_counts, sud_counts);

/* Reads while others add: what comes out is no more than roughly of one moment. */
void sud_counts_sum(struct sud_counts *sum)
{
	int cpu;

	memset(sum, 0, sizeof(*sum));
	for_each_possible_cpu(cpu) {
		const struct sud_counts *one = per_cpu_ptr(&sud_counts, cpu);

		sum->armed += READ_ONCE(one->armed);
		sum->inherited += READ_ONCE(one->inherited);
		sum->disarmed += READ_ONCE(one->disarmed);
		sum->sigsys += READ_ONCE(one->sigsys);
		sum->upcalls += READ_ONCE(one->upcalls);
		sum->kills += READ_ONCE(one->kills);
		sum->notifies += READ_ONCE(one->notifies);
	}
}
