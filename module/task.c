// SPDX-License-Identifier: GPL-2.0-only
/*
 * The armed threads: a hash table keyed by task, which owns their state.
 *
 * Who may touch what:
 *   the table	changed under the bucket's lock, read under RCU-sched
 *   an entry	the thread it belongs to, and nobody else; so a thread reads its
 *		own entry without a lock, also while it sleeps
 *   its memory	one object of a fixed size, accounted to the memory cgroup of
 *		the thread that armed itself; freed after a grace period when
 *		it has left the table
 *   the module	pinned by each entry
 *
 * An entry leaves the table when the thread disarms, when it has executed a new
 * image, and when it exits: before its task_struct can be used again.
 */
#include <linux/module.h>
#include <linux/ptrace.h>
#include <linux/sched/task_stack.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "compat/entry.h"
#include "task.h"

#define LOCK_BITS 6

struct hlist_head sud_task_table[1 << SUD_HASH_BITS];

/* Raw: the exit probe runs with preemption off, on PREEMPT_RT too. */
static raw_spinlock_t locks[1 << LOCK_BITS];

void sud_task_init(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(locks); i++)
		raw_spin_lock_init(&locks[i]);
}

static raw_spinlock_t *bucket_lock(const struct task_struct *task)
{
	return &locks[hash_ptr(task, SUD_HASH_BITS) & (BIT(LOCK_BITS) - 1)];
}

/* Fails when the task is past its exit probe or about to reach it. */
static bool insert(struct sud_task *st, struct task_struct *task)
{
	raw_spinlock_t *lock = bucket_lock(task);
	unsigned long flags;
	bool exiting;

	raw_spin_lock_irqsave(lock, flags);
	exiting = task->flags & PF_EXITING;
	if (!exiting)
		hlist_add_head_rcu(&st->node, sud_task_bucket(task));
	raw_spin_unlock_irqrestore(lock, flags);

	return !exiting;
}

static void remove(struct sud_task *st)
{
	raw_spinlock_t *lock = bucket_lock(st->key);
	unsigned long flags;

	raw_spin_lock_irqsave(lock, flags);
	hlist_del_rcu(&st->node);
	raw_spin_unlock_irqrestore(lock, flags);
}

/* Native SUD's test for an inclusive region is the exclusive one, inverted. */
static void apply(struct sud_task *st, const struct sud_config *config)
{
	bool inclusive = config->mode == SUD_MODE_INCLUSIVE;

	st->offset = inclusive ? config->offset + config->len : config->offset;
	st->len = inclusive ? -config->len : config->len;
	st->selector = (char __user *)(uintptr_t)config->selector;
	st->config = *config;
	st->user64 = user_64bit_mode(task_pt_regs(current));
	st->quick = config->delivery == SUD_DELIVER_UPCALL &&
		    !config->upcall_frame && st->user64 &&
		    !(config->flags & SUD_FLAG_SIGRETURN);
}

bool sud_task_armed(const struct task_struct *task)
{
	bool armed;

	rcu_read_lock_sched_notrace();
	armed = sud_task_find(task);
	rcu_read_unlock_sched_notrace();
	return armed;
}

/**
 * sud_task_set() - arm or re-arm the calling thread
 * @config: checked by the caller; its mode is not SUD_MODE_OFF, and the thread
 *	is not armed by the kernel's own prctl
 *
 * Return: 0; -ENOMEM, and nothing has changed.
 */
int sud_task_set(const struct sud_config *config)
{
	struct sud_task *st = sud_task_search();

	if (st) {
		apply(st, config);
		return 0;
	}

	st = kzalloc(sizeof(*st), GFP_KERNEL_ACCOUNT);
	if (!st)
		return -ENOMEM;

	st->key = current;
	apply(st, config);

	if (WARN_ON_ONCE(!insert(st, current))) {
		kfree(st);
		return -ESRCH;
	}
	/* The caller holds an open file of ours, so this cannot fail. */
	__module_get(THIS_MODULE);
	sud_entry_arm(current, st);
	return 0;
}

/* What SET was given; SUD_MODE_OFF and zeroes when the thread is not armed. */
void sud_task_get(struct sud_config *config)
{
	struct sud_task *st = sud_task_search();

	if (st)
		*config = st->config;
	else
		memset(config, 0, sizeof(*config));
}

/* Disarm the calling thread, if it is armed here. May not sleep. */
void sud_task_clear(void)
{
	struct sud_task *st = sud_task_search();

	if (!st)
		return;

	sud_entry_disarm(current);
	remove(st);
	if (!sud_resume_keeps(st))
		sud_task_release(st);
}

/* The kernel's own prctl has armed the calling thread. */
bool sud_task_native(void)
{
	return !sud_task_search() && sud_entry_native_armed(current);
}

/* Free an entry that is in the table no more. */
void sud_task_release(struct sud_task *st)
{
	kfree_rcu(st, rcu);
	module_put(THIS_MODULE);
}
