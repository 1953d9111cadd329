/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Region sets: sorted ranges that many threads share. The ABI is in
 * include/sud_uapi.h.
 */
#ifndef SUD_REGIONS_H
#define SUD_REGIONS_H

#include <linux/compiler.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#define SUD_REGIONS_MAX 65536

struct sud_range;
struct sud_ranges;

/**
 * struct sud_region_set - a region set
 * @refs: open files, armed threads, and who works on it
 * @lock: held to change the set
 * @version: of the ranges; copy[@version & 1] holds them. The other copy is the
 *	next version in the making, or free to become it
 * @copy: changed under @lock, read under RCU-sched
 * @id: its number
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
	struct work_struct free;
};

/**
 * struct sud_regions_verdict - neighbouring addresses that are judged alike
 * @offset: the first of them
 * @len: how many
 * @version: of the set, for which this holds
 * @inside: they are in a range of the set, not between two
 */
struct sud_regions_verdict {
	unsigned long offset;
	unsigned long len;
	unsigned long version;
	bool inside;
};

static inline unsigned long
sud_regions_version(const struct sud_region_set *set)
{
	return READ_ONCE(set->version);
}

int sud_regions_init(void);
void sud_regions_exit(void);
struct sud_region_set *sud_regions_new(void);
struct sud_region_set *sud_regions_get(struct sud_region_set *set);
void sud_regions_put(struct sud_region_set *set);
int sud_regions_change(struct sud_region_set *set, struct sud_range *ranges,
		       size_t count, bool add);
int sud_regions_list(struct sud_region_set *set, struct sud_range *ranges,
		     size_t room, size_t *count);
void sud_regions_judge(struct sud_region_set *set, unsigned long ip,
		       struct sud_regions_verdict *verdict);

#endif /* SUD_REGIONS_H */
