/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Region sets: sorted ranges that many threads share. The ABI is in
 * include/sud_uapi.h. This header reads a set; regions.c changes one.
 */
#ifndef SUD_REGIONS_H
#define SUD_REGIONS_H

#include <linux/compiler.h>
#include <linux/limits.h>
#include <linux/mutex.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/types.h>
#include <linux/uidgid.h>
#include <linux/workqueue.h>

#include "ranges.h"

#define SUD_REGIONS_MAX 65536

/**
 * struct sud_region_set - a region set
 * @refs: open files, armed threads, and who works on it
 * @lock: held to change the set
 * @version: of the ranges; copy[@version & 1] holds them. The other copy is the
 *	next version in the making, or free to become it
 * @copy: changed under @lock, read under RCU-sched
 * @id: its number
 * @owner: who made it, in @owner_ns; changed by nobody
 * @owner_ns: a reference
 * @free: frees it, from where one may sleep
 *
 * A reader that has used copy[@version & 1] must see @version again
 * afterwards; else a writer may have begun the version after the next, in the
 * copy that the reader looked at.
 */
struct sud_region_set {
	refcount_t refs;
	struct mutex lock; /* of writers */
	unsigned long version;
	struct sud_ranges __rcu *copy[2];
	u64 id;
	kuid_t owner;
	struct user_namespace *owner_ns;
	struct rcu_work free;
};

/**
 * struct sud_run_range - addresses from which calls run natively
 * @offset: the first one
 * @len: how many. @offset + @len may wrap: an address ip is among them when
 *	ip - @offset < @len
 * @version: of the region set in which they were found, or 0
 */
struct sud_run_range {
	unsigned long offset;
	unsigned long len;
	unsigned long version;
};

static __always_inline const struct sud_ranges *
sud_regions_begin(const struct sud_region_set *set, unsigned long *version)
{
	preempt_disable_notrace();
	/* Pairs with the release in sud_regions_change(). */
	*version = smp_load_acquire(&set->version);
	return rcu_dereference_sched(set->copy[*version & 1]);
}

/* Return: what was read in between is of that version. */
static __always_inline bool sud_regions_end(const struct sud_region_set *set,
					    unsigned long version)
{
	bool same;

	/* Pairs with the smp_wmb() in sud_regions_change(). */
	smp_rmb();
	same = READ_ONCE(set->version) == version;
	preempt_enable_notrace();
	return same;
}

/**
 * sud_regions_inside() - is an address in the set?
 * @set: the caller has a reference
 * @ip: the address
 * @found: when it is, the range that it is in
 */
static __always_inline bool sud_regions_inside(const struct sud_region_set *set,
					       unsigned long ip,
					       struct sud_run_range *found)
{
	unsigned long start, len, version;
	const struct sud_ranges *ranges;
	const unsigned long *at;

	do {
		ranges = sud_regions_begin(set, &version);
		at = sud_ranges_search(ranges, ip);
		start = READ_ONCE(*at);
		/* As in sud_ranges_step(). */
		len = data_race(at[ranges->room]);
	} while (unlikely(!sud_regions_end(set, version)));

	if (ip - start >= len)
		return false;
	found->offset = start;
	found->len = len;
	found->version = version;
	return true;
}

/* The same of the gaps between its ranges, in front of the first, and behind. */
static __always_inline bool
sud_regions_outside(const struct sud_region_set *set, unsigned long ip,
		    struct sud_run_range *found)
{
	unsigned long start, end, next, version;
	const struct sud_ranges *ranges;
	const unsigned long *at;

	do {
		ranges = sud_regions_begin(set, &version);
		at = sud_ranges_search(ranges, ip);
		start = READ_ONCE(*at);
		/* As in sud_ranges_step(). */
		end = start + data_race(at[ranges->room]);
		next = ULONG_MAX;
		if (at + 1 < ranges->starts + READ_ONCE(ranges->count))
			next = READ_ONCE(at[1]);
	} while (unlikely(!sud_regions_end(set, version)));

	if (ip - start < end - start)
		return false;
	found->offset = ip < start ? 0 : end;
	found->len = ip < start ? start : next - end;
	found->version = version;
	return true;
}

struct sud_region_set *sud_regions_new(void);
bool sud_regions_may_take(const struct sud_region_set *set);
/* This and sud_regions_put(): also with NULL. */
struct sud_region_set *sud_regions_get(struct sud_region_set *set);
void sud_regions_put(struct sud_region_set *set);
int sud_regions_change(struct sud_region_set *set, struct sud_range *ranges,
		       size_t count, bool add);
int sud_regions_list(struct sud_region_set *set, struct sud_range *ranges,
		     size_t room, size_t *count);

#endif /* SUD_REGIONS_H */
