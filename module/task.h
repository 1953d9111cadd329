/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SUD_TASK_H
#define SUD_TASK_H

#include <linux/hash.h>
#include <linux/rculist.h>
#include <linux/sched.h>
#include <sud_uapi.h>

#include "compat/entry.h"
#include "compat/resume.h"
#include "regions.h"
#include "sud.h"

/* What there is to ask beside the region and an absolute selector. */
enum sud_rules {
	SUD_RULES_NONE,
	SUD_RULES_INSIDE, /* a set; calls from inside it run */
	SUD_RULES_OUTSIDE, /* a set; calls from outside it run */
	SUD_RULES_OTHER, /* no set, but another of SUD_TASK_RULES */
} __packed;

/**
 * struct sud_task - one armed thread
 * @node: in its bucket of the table; changed under the bucket's lock, read
 *	under RCU
 * @key: the thread; compared, never followed. Not a reference: the entry is
 *	removed before the thread's memory can be used again
 * @region: calls from here run natively (an inclusive region is kept inverted,
 *	as native SUD does). With a set: what was last found in it
 * @selector: the selector byte or NULL; access_ok() was asked when it was set.
 *	With SUD_FLAG_SELECTOR_FS, what is added to the FS base
 * @quick: a call by 64-bit SYSCALL that is blocked is an upcall in registers
 * @rules: see there
 * @user64: SET was called from 64-bit code
 * @config: what SET was given; the data path reads flags and the upcall there
 * @set: the region set or NULL; a reference
 * @latest: the set's version; without a set, that of @region
 * @child: for the next child, not in the table; or NULL. See inherit.c
 * @resume: what is to be done when the thread goes back to user mode
 * @rcu: frees it
 *
 * Who may touch it is said in task.c.
 */
struct sud_task {
	struct hlist_node node;
	const struct task_struct *key;
	struct sud_region region;
	char __user *selector;
	bool quick;
	enum sud_rules rules;
	bool user64;
	struct sud_config config;
	struct sud_region_set *set;
	const unsigned long *latest;
	struct sud_task *child;
	struct sud_resume resume;
	struct rcu_head rcu;
};

/* The promise of the README; kmalloc() has a size for it. */
static_assert(sizeof(struct sud_task) <= 192);

extern struct hlist_head sud_task_table[1 << SUD_HASH_BITS];

/* The table's hash is open-coded by compat/entry_macros.S: hash_ptr(). */
static inline struct hlist_head *sud_task_bucket(const struct task_struct *task)
{
	return &sud_task_table[hash_ptr(task, SUD_HASH_BITS)];
}

/*
 * sud_task_find() - a thread's entry or NULL
 *
 * The caller is in an RCU-sched read-side section.
 */
static inline struct sud_task *sud_task_find(const struct task_struct *task)
{
	struct sud_task *st;

	hlist_for_each_entry_rcu(st, sud_task_bucket(task), node,
				 rcu_read_lock_sched_held())
		if (st->key == task)
			return st;
	return NULL;
}

/*
 * sud_task_search() - the calling thread's entry or NULL, by the table
 *
 * While the thread runs, nobody else removes it: what is found stays.
 */
static inline struct sud_task *sud_task_search(void)
{
	struct sud_task *st;

	rcu_read_lock_sched_notrace();
	st = sud_task_find(current);
	rcu_read_unlock_sched_notrace();
	return st;
}

#define SUD_TASK_INHERIT (SUD_FLAG_INHERIT_THREAD | SUD_FLAG_INHERIT_FORK)
#define SUD_TASK_ENTRY \
	(SUD_FLAG_ENTRY_SYSCALL | SUD_FLAG_ENTRY_INT80 | SUD_FLAG_ENTRY_COMPAT)
#define SUD_TASK_RULES                                                \
	(SUD_FLAG_REGIONS | SUD_FLAG_SELECTOR_FS | SUD_TASK_INHERIT | \
	 SUD_TASK_ENTRY)

void __user *sud_task_fs_address(unsigned long offset);

/*
 * sud_task_address() - an address of the calling thread's configuration
 *
 * What comes of an FS base is to be checked at each use: get_user(), put_user().
 */
static inline void __user *sud_task_address(const struct sud_task *st,
					    unsigned long address)
{
	if (unlikely(st->config.flags & SUD_FLAG_SELECTOR_FS))
		return sud_task_fs_address(address);
	return (void __user *)address;
}

static inline char __user *sud_task_selector(const struct sud_task *st)
{
	return sud_task_address(st, (unsigned long)st->selector);
}

/**
 * struct sud_task_state - what a thread is armed with, from and for user space
 * @config: as SET takes it
 * @user64: SET was called from 64-bit code
 * @set: the region set or NULL
 */
struct sud_task_state {
	struct sud_config config;
	bool user64;
	struct sud_region_set *set;
};

void sud_task_init(void);
struct sud_task *sud_task_alloc(void);
bool sud_task_armed(const struct task_struct *task);
int sud_task_set(struct task_struct *task, const struct sud_task_state *state);
int sud_task_get(struct task_struct *task, struct sud_task_state *state);
void sud_task_clear(void);
void sud_task_exit(void);
bool sud_task_native(struct task_struct *task);
void sud_task_inherit(const struct sud_task *st, struct sud_task *new,
		      struct task_struct *child);
void sud_task_release(struct sud_task *st);

#endif /* SUD_TASK_H */
