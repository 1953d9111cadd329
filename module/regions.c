// SPDX-License-Identifier: GPL-2.0-only
/*
 * Region sets. Who may touch what:
 *   a set	those who hold a reference
 *   its ranges	read without a lock under RCU-sched, as said at struct
 *		sud_region_set; changed under the set's lock, in the copy that is
 *		not current
 *   their memory	charged to the user and the memory cgroup that made them
 *		grow. A copy that became too small is freed after a grace period,
 *		and counts against its user until then. The last reference frees
 *		the set and the other copies, a grace period later as well
 *
 * An update allocates nothing unless the set has to grow, which it does for both
 * copies at once, and waits for no grace period: nothing piles up however fast a
 * set is changed, and removing needs memory only when it leaves more ranges than
 * there were.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/user_namespace.h>
#include <linux/vmalloc.h>
#include <sud_uapi.h>

#include "reclaim.h"
#include "regions.h"
#include "user.h"

#define LEAST_ROOM 8

/**
 * struct copy - the memory of one of a set's two copies
 * @work: frees it after a grace period
 * @user: whom it is charged to
 * @bytes: what is charged
 * @ranges: the ranges; what struct sud_region_set points to
 */
struct copy {
	struct rcu_work work;
	struct sud_user *user;
	size_t bytes;
	struct sud_ranges ranges;
};

/*
 * What a new set has for both copies; never written to. As sud_ranges_finish()
 * leaves one: the search looks at one start, which no address reaches, and its
 * length is 0.
 */
static struct sud_ranges empty = {
	.room = 1,
	.starts = { ~0UL, 0 },
};

/* kmalloc() rounds up to a power of two, which may waste half of a large copy. */
static bool by_pages(size_t size)
{
	return size > PAGE_SIZE << PAGE_ALLOC_COSTLY_ORDER;
}

/* What the allocator takes, at most. */
static size_t taken(size_t size)
{
	return by_pages(size) ? PAGE_ALIGN(size) : roundup_pow_of_two(size);
}

static struct copy *copy_alloc(size_t size)
{
	gfp_t gfp = GFP_KERNEL_ACCOUNT | __GFP_NOWARN;

	return by_pages(size) ? __vmalloc(size, gfp) : kvmalloc(size, gfp);
}

/*
 * Empty, and ready for the search: a late reader may look in a copy that is just
 * being written; it then sees the new version and tries again.
 */
static struct sud_ranges *ranges_new(size_t room)
{
	size_t size = sizeof(struct copy) + 2 * room * sizeof(unsigned long);
	struct sud_user *user = sud_user_charge(SUD_BUDGET_SETS, taken(size));
	struct copy *copy;

	if (IS_ERR(user))
		return ERR_CAST(user);

	copy = copy_alloc(size);
	if (!copy) {
		sud_user_uncharge(user, SUD_BUDGET_SETS, taken(size));
		return ERR_PTR(-ENOMEM);
	}
	copy->user = user;
	copy->bytes = taken(size);
	copy->ranges.room = room;
	sud_ranges_finish(&copy->ranges, 0);
	return &copy->ranges;
}

static void copy_free(struct copy *copy)
{
	struct sud_user *user = copy->user;
	size_t bytes = copy->bytes;

	kvfree(copy);
	sud_user_uncharge(user, SUD_BUDGET_SETS, bytes);
}

static void ranges_free(struct sud_ranges *ranges)
{
	if (ranges != &empty)
		copy_free(container_of(ranges, struct copy, ranges));
}

static void copy_free_work(struct work_struct *work)
{
	copy_free(container_of(to_rcu_work(work), struct copy, work));
}

/* A reader may be looking at it. */
static void ranges_retire(struct sud_ranges *ranges)
{
	struct copy *copy = container_of(ranges, struct copy, ranges);

	if (ranges == &empty)
		return;
	sud_reclaim(&copy->work, copy_free_work);
}

static struct sud_ranges *ranges_of(struct sud_region_set *set,
				    unsigned long version)
{
	return rcu_dereference_protected(set->copy[version & 1],
					 lockdep_is_held(&set->lock));
}

/* Return: an empty set with one reference, or NULL. */
struct sud_region_set *sud_regions_new(void)
{
	struct sud_region_set *set = kzalloc(sizeof(*set), GFP_KERNEL_ACCOUNT);

	if (!set)
		return NULL;
	refcount_set(&set->refs, 1);
	mutex_init(&set->lock);
	RCU_INIT_POINTER(set->copy[0], &empty);
	RCU_INIT_POINTER(set->copy[1], &empty);
	/* Not a count: it would tell how many sets the machine has made. */
	set->id = get_random_u64() ?: 1;
	set->owner = current_euid();
	set->owner_ns = get_user_ns(current_user_ns());
	return set;
}

/*
 * May the caller have a set that a thread it traces is armed with? A thread may
 * have inherited the set from one with more rights, who uses the set still.
 */
bool sud_regions_may_take(const struct sud_region_set *set)
{
	return uid_eq(current_euid(), set->owner) ||
	       ns_capable(set->owner_ns, CAP_SYS_PTRACE);
}

struct sud_region_set *sud_regions_get(struct sud_region_set *set)
{
	if (set)
		refcount_inc(&set->refs);
	return set;
}

/*
 * Readers have a reference, so that nobody looks any more; the grace period is
 * for a reader whose reference was wrongly taken away.
 */
static void free_work(struct work_struct *work)
{
	struct sud_region_set *set =
		container_of(to_rcu_work(work), struct sud_region_set, free);

	ranges_free(rcu_dereference_protected(set->copy[0], true));
	ranges_free(rcu_dereference_protected(set->copy[1], true));
	put_user_ns(set->owner_ns);
	kfree(set);
}

/* May be called where one may not sleep. */
void sud_regions_put(struct sud_region_set *set)
{
	if (!set || !refcount_dec_and_test(&set->refs))
		return;
	sud_reclaim(&set->free, free_work);
}

/*
 * Sorting takes long enough to be noticed on kernels without preemption, and
 * its own loop gives the CPU up on the newest kernels only.
 */
static int compare(const void *a, const void *b, const void *calls)
{
	const struct sud_range *one = a, *two = b;

	if (!(++*(unsigned int *)calls % 4096))
		cond_resched();
	if (one->offset == two->offset)
		return 0;
	return one->offset < two->offset ? -1 : 1;
}

/* Return: how many ranges remain. */
static size_t sort_and_join(struct sud_range *ranges, size_t count)
{
	unsigned int calls = 0;

	/* They often come from a list of mappings, which is in order. */
	if (!sud_ranges_in_order(ranges, count))
		sort_r(ranges, count, sizeof(*ranges), compare, NULL, &calls);
	return sud_ranges_join(ranges, count);
}

/*
 * Larger copies, for a set that has to grow: @next is filled and published, and
 * @after takes the place of the copy that was current until then. Both or
 * neither is NULL.
 */
struct growth {
	struct sud_ranges *next;
	struct sud_ranges *after;
};

static void growth_free(struct growth *growth)
{
	if (growth->next)
		ranges_free(growth->next);
	if (growth->after)
		ranges_free(growth->after);
	memset(growth, 0, sizeof(*growth));
}

/* Return: 0, and both have room for @count; -ENOSPC; -ENOMEM. */
static int growth_alloc(struct growth *growth, size_t count)
{
	size_t room = max_t(size_t, LEAST_ROOM, roundup_pow_of_two(count));
	struct sud_ranges *next, *after;

	growth_free(growth);
	next = ranges_new(room);
	if (IS_ERR(next))
		return PTR_ERR(next);
	after = ranges_new(room);
	if (IS_ERR(after)) {
		ranges_free(next);
		return PTR_ERR(after);
	}
	growth->next = next;
	growth->after = after;
	return 0;
}

/* What is to be done to a set: to unite or to subtract, and what. */
struct change {
	size_t (*operation)(const struct sud_ranges *old,
			    const struct sud_range *ranges, size_t count,
			    struct sud_ranges *to);
	const struct sud_range *ranges;
	size_t count;
};

/* The outcome, written to @to; NULL only counts it. */
static size_t outcome(const struct change *change, const struct sud_ranges *now,
		      struct sud_ranges *to)
{
	return change->operation(now, change->ranges, change->count, to);
}

static bool has_room(const struct sud_ranges *now, size_t count)
{
	return !count || (now != &empty && count <= now->room);
}

/*
 * Locks the set when there is room for the outcome, in its own copies or in
 * @growth. Memory is got while the set is not locked: in a memory cgroup that is
 * full it may take seconds, and others share the set. Return: 0 or an error,
 * and then the set is not locked.
 */
static int lock_with_room(struct sud_region_set *set,
			  const struct change *change, struct growth *growth,
			  size_t *count)
{
	const struct sud_ranges *now;
	int err;

	for (;;) {
		if (mutex_lock_killable(&set->lock))
			return -EINTR;
		now = ranges_of(set, set->version);
		*count = outcome(change, now, NULL);
		if (has_room(now, *count) ||
		    (growth->next && *count <= growth->next->room))
			return 0;
		mutex_unlock(&set->lock);

		if (*count > SUD_REGIONS_MAX)
			return -ENOSPC;
		err = growth_alloc(growth, *count);
		if (err)
			return err;
	}
}

static void replace(struct sud_region_set *set, unsigned long version,
		    struct sud_ranges *ranges)
{
	struct sud_ranges *old = ranges_of(set, version);

	rcu_assign_pointer(set->copy[version & 1], ranges);
	ranges_retire(old);
}

/**
 * sud_regions_change() - add ranges to a set, or remove them from it
 * @ranges: not empty ones and none that wraps; they come back in another order
 * @count: how many
 * @add: add; or else remove
 *
 * Return: 0, and calls that begin from now on are judged by the new set; or, and
 * nothing has changed, -ENOSPC, -ENOMEM or, when the caller is killed, -EINTR.
 */
int sud_regions_change(struct sud_region_set *set, struct sud_range *ranges,
		       size_t count, bool add)
{
	const struct change change = {
		.operation = add ? sud_ranges_unite : sud_ranges_subtract,
		.ranges = ranges,
		.count = sort_and_join(ranges, count),
	};
	struct growth growth = {};
	struct sud_ranges *now, *next;
	bool grow;
	size_t n;
	int err;

	err = lock_with_room(set, &change, &growth, &n);
	if (err)
		goto free;

	now = ranges_of(set, set->version);
	if (!n && !now->count)
		goto unlock;

	grow = !has_room(now, n);
	next = grow ? growth.next : ranges_of(set, set->version + 1);
	/*
	 * A reader that finds what is written below in the copy, which may be a
	 * copy it began to read a version ago, must also find that the version
	 * is another by now. Pairs with the smp_rmb() in sud_regions_end().
	 */
	smp_wmb();
	outcome(&change, now, next);
	sud_ranges_finish(next, n);
	if (grow)
		replace(set, set->version + 1, next);
	/* Pairs with sud_regions_begin()'s acquire. */
	smp_store_release(&set->version, set->version + 1);
	if (grow) {
		replace(set, set->version + 1, growth.after);
		memset(&growth, 0, sizeof(growth));
	}
	/* All CPUs see it before the caller can say that it is done. */
	smp_mb();
unlock:
	mutex_unlock(&set->lock);
free:
	growth_free(&growth);
	return err;
}

/**
 * sud_regions_list() - the ranges of a set
 * @ranges: written, as many as there are and @room allows
 * @count: how many there are
 *
 * Return: 0, or -EINTR when the caller is killed.
 */
int sud_regions_list(struct sud_region_set *set, struct sud_range *ranges,
		     size_t room, size_t *count)
{
	const struct sud_ranges *now;
	size_t i;

	if (mutex_lock_killable(&set->lock))
		return -EINTR;

	now = ranges_of(set, set->version);
	*count = now->count;
	for (i = 0; i < min(room, *count); i++) {
		ranges[i].offset = now->starts[i];
		ranges[i].len = sud_ranges_len(now, i);
	}
	mutex_unlock(&set->lock);
	return 0;
}
