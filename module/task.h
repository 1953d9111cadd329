/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SUD_TASK_H
#define SUD_TASK_H

#include <linux/hash.h>
#include <linux/rculist.h>
#include <linux/sched.h>
#include <sud_uapi.h>

#include "compat/gate.h"
#include "compat/resume.h"
#include "regions.h"

/* The flags by which children inherit, and those that say which ways in count. */
#define SUD_FLAGS_INHERIT (SUD_FLAG_INHERIT_THREAD | SUD_FLAG_INHERIT_FORK)
#define SUD_FLAGS_WAYS \
	(SUD_FLAG_ENTRY_SYSCALL | SUD_FLAG_ENTRY_INT80 | SUD_FLAG_ENTRY_COMPAT)
/* Those that ask for more than one region and a selector at a fixed address. */
#define SUD_FLAGS_RICH                                                 \
	(SUD_FLAG_REGIONS | SUD_FLAG_SELECTOR_FS | SUD_FLAGS_INHERIT | \
	 SUD_FLAGS_WAYS)

/* How a thread's calls are judged: dispatch.c has a body for each kind. */
enum sud_kind {
	SUD_KIND_PLAIN, /* one region, and a selector at a fixed address */
	SUD_KIND_SET_EXCLUSIVE, /* a region set; calls from inside it run */
	SUD_KIND_SET_INCLUSIVE, /* a region set; calls from outside it run */
	SUD_KIND_NO_SET, /* one region, and another of SUD_FLAGS_RICH */
} __packed;

/**
 * struct sud_task - the state of one armed thread
 * @node: in its bucket of the table; changed under the bucket's lock, read
 *	under RCU
 * @key: the thread; compared, never followed. Not a reference: the state leaves
 *	the table before the thread's memory can be used again
 * @run_range: calls from here run natively. Exclusive mode: the region.
 *	Inclusive mode: all but the region, as native SUD keeps it. With a region
 *	set: the range, or the gap, from which a call was last let run
 * @selector: the selector byte or NULL; access_ok() was asked when it was set.
 *	With SUD_FLAG_SELECTOR_FS, what is added to the FS base
 * @fast_upcall: a blocked call by 64-bit SYSCALL is an upcall in registers
 * @kind: how calls are judged
 * @code_64bit: SET was called from 64-bit code
 * @config: what SET was given; the data path reads flags and the upcall there
 * @set: the region set or NULL; a reference
 * @version: points to the set's version; without a set, to that of @run_range
 * @spare: the next child's state, not in the table; or NULL. See inherit.c
 * @resume: what is to be done when the thread goes back to user mode
 * @rcu: frees the state
 *
 * task.c says who may touch it.
 */
struct sud_task {
	struct hlist_node node;
	const struct task_struct *key;
	struct sud_run_range run_range;
	char __user *selector;
	bool fast_upcall;
	enum sud_kind kind;
	bool code_64bit;
	struct sud_config config;
	struct sud_region_set *set;
	const unsigned long *version;
	struct sud_task *spare;
	struct sud_resume resume;
	struct rcu_head rcu;
};

/* SECURITY.md promises it; kmalloc() has a size for it. */
static_assert(sizeof(struct sud_task) <= 192);

extern struct hlist_head sud_task_table[1 << SUD_HASH_BITS];

/* compat/gate_macros.S has this hash_ptr() in assembly. */
static inline struct hlist_head *sud_task_bucket(const struct task_struct *task)
{
	return &sud_task_table[hash_ptr(task, SUD_HASH_BITS)];
}

/*
 * sud_task_find() - a thread's state or NULL
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
 * sud_task_search() - the calling thread's state or NULL, by the table
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

void __user *sud_task_fs_address(unsigned long offset);

/*
 * sud_task_address() - an address of the calling thread's configuration
 *
 * User code may point the FS base anywhere, so the address has to be checked at
 * each use: by get_user() and put_user(), never by their __ forms.
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
 * struct sud_setup - what SET takes, checked, and GET gives
 * @config: as SET takes it
 * @code_64bit: SET was called from 64-bit code
 * @set: the region set or NULL
 */
struct sud_setup {
	struct sud_config config;
	bool code_64bit;
	struct sud_region_set *set;
};

void sud_task_init(void);
struct sud_task *sud_task_alloc(void);
bool sud_task_armed(const struct task_struct *task);
int sud_task_set(struct task_struct *task, const struct sud_setup *setup);
int sud_task_get(struct task_struct *task, struct sud_setup *setup);
void sud_task_disarm(void);
void sud_task_exit(void);
bool sud_task_native(struct task_struct *task);
void sud_task_arm_child(const struct sud_task *st, struct sud_task *new,
			struct task_struct *child);
void sud_task_free(struct sud_task *st);

#endif /* SUD_TASK_H */
