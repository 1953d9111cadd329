/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What has happened since the module was loaded. A blocked call pays one instruction
 * for its count; a call that runs pays nothing, because none counts it.
 */
#ifndef SUD_COUNT_H
#define SUD_COUNT_H

#include <linux/percpu.h>

/**
 * struct sud_counts - of one CPU, whose threads alone add to it
 *
 * The members are those of struct sud_status. A thread may be armed on one CPU and
 * disarmed on another, so only the sums mean something.
 */
struct sud_counts {
	unsigned long armed;
	unsigned long inherited;
	unsigned long disarmed;
	unsigned long sigsys;
	unsigned long upcalls;
	unsigned long kills;
	unsigned long notifies;
};

DECLARE_PER_CPU(struct sud_counts, sud_counts);

/* One instruction, which no interrupt divides: it may be called anywhere. */
#define sud_count(what) this_cpu_inc(sud_counts.what)

void sud_counts_sum(struct sud_counts *sum);

#endif /* SUD_COUNT_H */
