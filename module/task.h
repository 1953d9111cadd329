/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SUD_TASK_H
#define SUD_TASK_H

#include <linux/hash.h>
#include <linux/rculist.h>
#include <linux/sched.h>
#include <sud_uapi.h>

#include "compat/entry.h"
#include "compat/resume.h"
#include "sud.h"

/**
 * struct sud_task - one armed thread
 * @node: in its bucket of the table; changed under the bucket's lock, read
 *	under RCU
 * @key: the thread; compared, never followed. Not a reference: the entry is
 *	removed before the thread's memory can be used again
 * @offset: the calls with ip - @offset < @len run natively (an inclusive
 *	region is kept inverted, as native SUD does)
 * @len: see @offset
 * @selector: the selector byte or NULL; access_ok() was asked when it was set
 * @config: what SET was given; the data path reads flags and the upcall there
 * @user64: SET was called from 64-bit code
 * @quick: a call by 64-bit SYSCALL that is blocked is an upcall in registers
 * @resume: what is to be done when the thread goes back to user mode
 * @rcu: frees it
 *
 * All but @node are touched by the thread itself alone.
 */
struct sud_task {
	struct hlist_node node;
	const struct task_struct *key;
	unsigned long offset;
	unsigned long len;
	char __user *selector;
	struct sud_config config;
	bool user64;
	bool quick;
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
 * Only the thread itself removes it, so what is found stays.
 */
static inline struct sud_task *sud_task_search(void)
{
	struct sud_task *st;

	rcu_read_lock_sched_notrace();
	st = sud_task_find(current);
	rcu_read_unlock_sched_notrace();
	return st;
}

/*
 * sud_task_current() - the same for the hook, by a shortcut where there is one
 */
static inline struct sud_task *sud_task_current(void)
{
	struct sud_task *st = sud_entry_shortcut();

	if (SUD_ENTRY_SHORT && unlikely(st && st->key != current))
		st = sud_task_search();
	return st;
}

void sud_task_init(void);
bool sud_task_armed(const struct task_struct *task);
int sud_task_set(const struct sud_config *config);
void sud_task_get(struct sud_config *config);
void sud_task_clear(void);
bool sud_task_native(void);
void sud_task_release(struct sud_task *st);

#endif /* SUD_TASK_H */
