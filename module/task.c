// SPDX-License-Identifier: GPL-2.0-only
/*
 * The armed threads: a hash table keyed by task, which owns their state.
 *
 * Who may touch what:
 *   the table	changed under the bucket's lock, read under RCU-sched
 *   arming	a thread is led to the hook exactly while it has an entry; both
 *		change together under the bucket's lock. A thread that has set
 *		PF_EXITING gets no entry any more, and gives up the one it has
 *		after that, under the same lock
 *   an entry	the thread it belongs to reads it without a lock, also while it
 *		sleeps. What SET gave is changed under the bucket's lock, by that
 *		thread or by its tracer; the rest (what was found in the set, the
 *		spare entry) by the thread as it makes calls, or where it is
 *		stopped. A tracer holds the thread's siglock too, under which
 *		the thread stays stopped (tracee.c)
 *   its memory	one object of a fixed size, accounted to the memory cgroup of
 *		who armed the thread; freed after a grace period when it has
 *		left the table
 *   the module	pinned by each entry
 *
 * An entry leaves the table when the thread is disarmed, when it has executed a
 * new image, and when it exits: before its task_struct can be used again.
 */
#include <linux/module.h>
#include <linux/ptrace.h>
#include <linux/sched/task_stack.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <asm/fsgsbase.h>

#include "compat/entry.h"
#include "task.h"
#include "tracee.h"

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

/* The bucket's lock is held, and the task is not exiting. */
static void insert(struct sud_task *st, struct task_struct *task)
{
	lockdep_assert_held(bucket_lock(task));

	st->key = task;
	hlist_add_head_rcu(&st->node, sud_task_bucket(task));
	sud_entry_arm(task, st);
	/* By who has an open file of ours, or an entry: it cannot fail. */
	__module_get(THIS_MODULE);
}

/* Return: the task's entry, which the caller releases, or NULL. */
static struct sud_task *remove(struct task_struct *task)
{
	struct sud_task *st = sud_task_find(task);

	lockdep_assert_held(bucket_lock(task));

	if (!st)
		return NULL;
	sud_entry_disarm(task);
	hlist_del_rcu(&st->node);
	return sud_resume_keeps(st) ? NULL : st;
}

struct sud_task *sud_task_alloc(void)
{
	return kzalloc(sizeof(struct sud_task), GFP_KERNEL_ACCOUNT);
}

static enum sud_rules rules_of(const struct sud_config *config)
{
	if (config->flags & SUD_FLAG_REGIONS)
		return config->mode == SUD_MODE_EXCLUSIVE ? SUD_RULES_INSIDE
							  : SUD_RULES_OUTSIDE;
	return config->flags & SUD_TASK_RULES ? SUD_RULES_OTHER
					      : SUD_RULES_NONE;
}

/* Takes the reference to the set; returns the one that was there before. */
static struct sud_region_set *apply(struct sud_task *st,
				    const struct sud_task_state *state)
{
	const struct sud_config *config = &state->config;
	bool inclusive = config->mode == SUD_MODE_INCLUSIVE;
	struct sud_region_set *old = st->set;

	/* Native SUD's test for an inclusive region, too. */
	st->region.offset = config->offset + (inclusive ? config->len : 0);
	st->region.len = inclusive ? -config->len : config->len;
	st->region.version = 0;
	st->selector = (char __user *)(uintptr_t)config->selector;
	st->config = *config;
	st->user64 = state->user64;
	st->quick = config->delivery == SUD_DELIVER_UPCALL &&
		    !config->upcall_frame && st->user64 &&
		    !(config->flags & SUD_FLAG_SIGRETURN);
	st->rules = rules_of(config);
	st->set = state->set;
	st->latest = st->set ? &st->set->version : &st->region.version;
	return old;
}

bool sud_task_armed(const struct task_struct *task)
{
	bool armed;

	rcu_read_lock_sched_notrace();
	armed = sud_task_find(task);
	rcu_read_unlock_sched_notrace();
	return armed;
}

/* The kernel's own prctl has armed the thread. */
bool sud_task_native(struct task_struct *task)
{
	return sud_entry_native_armed(task) && !sud_task_armed(task);
}

/* A thread's locks, and how interrupts were before each was taken. */
struct locked {
	unsigned long siglock, bucket;
};

/*
 * The calling thread is locked by its bucket alone; another one is also kept in
 * its stop, by siglock, which is the outer lock. Return: as sud_tracee_hold().
 */
static int lock_thread(struct task_struct *task, struct locked *locked)
{
	int err = 0;

	if (task != current)
		err = sud_tracee_hold(task, &locked->siglock);
	if (!err)
		raw_spin_lock_irqsave(bucket_lock(task), locked->bucket);
	return err;
}

static void unlock_thread(struct task_struct *task, struct locked *locked)
{
	raw_spin_unlock_irqrestore(bucket_lock(task), locked->bucket);
	if (task != current)
		sud_tracee_let_go(task, locked->siglock);
}

/* The thread is locked. */
static int check_settable(struct task_struct *task)
{
	if (task->flags & PF_EXITING)
		return -ESRCH;
	return sud_task_native(task) ? -EBUSY : 0;
}

static void release(struct sud_task *st)
{
	if (st)
		sud_task_release(st);
}

/**
 * sud_task_set() - arm, re-arm or disarm a thread
 * @task: the calling thread, or one that it may be the tracer of
 * @state: checked by the caller. The set is NULL without SUD_FLAG_REGIONS; the
 *	caller keeps its own reference
 *
 * Return: 0; or, and nothing has changed, -ENOMEM, -EBUSY when the kernel's own
 * prctl has armed the thread, and what sud_tracee_hold() says.
 */
int sud_task_set(struct task_struct *task, const struct sud_task_state *state)
{
	struct sud_task *gone = NULL, *new = NULL, *child = NULL, *st;
	struct sud_region_set *old_set = NULL;
	struct locked locked;
	int err;

	if (state->config.mode != SUD_MODE_OFF && !sud_task_armed(task)) {
		new = sud_task_alloc();
		if (!new)
			return -ENOMEM;
	}
	/* The task may be stopped where the hook does not see its next clone. */
	if (state->config.flags & SUD_TASK_INHERIT) {
		child = sud_task_alloc();
		if (!child) {
			err = -ENOMEM;
			goto free;
		}
	}

	err = lock_thread(task, &locked);
	if (err)
		goto free;
	err = check_settable(task);
	if (err)
		goto unlock;

	if (state->config.mode == SUD_MODE_OFF) {
		gone = remove(task);
		goto unlock;
	}

	st = sud_task_find(task);
	/* It was armed a moment ago, but was killed since. */
	if (!st && !new) {
		err = -ESRCH;
		goto unlock;
	}
	if (state->set)
		sud_regions_get(state->set);
	if (!st) {
		st = new;
		new = NULL;
		apply(st, state);
		insert(st, task);
	} else {
		old_set = apply(st, state);
	}
	if (!st->child)
		swap(st->child, child);
unlock:
	unlock_thread(task, &locked);

	release(gone);
	sud_regions_put(old_set);
free:
	kfree(child);
	kfree(new);
	return err;
}

/**
 * sud_task_get() - what a thread is armed with
 * @task: as for sud_task_set()
 * @state: SUD_MODE_OFF and zeroes when it is not armed here. The caller gets a
 *	reference to the set
 *
 * Return: 0, or what sud_tracee_hold() says.
 */
int sud_task_get(struct task_struct *task, struct sud_task_state *state)
{
	struct locked locked;
	struct sud_task *st;
	int err;

	memset(state, 0, sizeof(*state));
	state->user64 = true;

	err = lock_thread(task, &locked);
	if (err)
		return err;
	st = sud_task_find(task);
	if (st) {
		state->config = st->config;
		state->user64 = st->user64;
		state->set = st->set ? sud_regions_get(st->set) : NULL;
	}
	unlock_thread(task, &locked);
	return 0;
}

/* As sud_task_clear(), for a thread that may just be getting an entry. */
void sud_task_exit(void)
{
	raw_spinlock_t *lock = bucket_lock(current);
	struct sud_task *st;
	unsigned long flags;

	raw_spin_lock_irqsave(lock, flags);
	st = remove(current);
	raw_spin_unlock_irqrestore(lock, flags);

	release(st);
}

/* Disarm the calling thread, if it is armed here. May not sleep. */
void sud_task_clear(void)
{
	if (sud_task_search())
		sud_task_exit();
}

/**
 * sud_task_inherit() - arm a new child of the calling thread as that is armed
 * @st: the calling thread's entry
 * @new: for the child; zeroed
 * @child: it has not run yet
 */
void sud_task_inherit(const struct sud_task *st, struct sud_task *new,
		      struct task_struct *child)
{
	raw_spinlock_t *lock = bucket_lock(child);
	unsigned long flags;

	new->region = st->region;
	new->selector = st->selector;
	new->quick = st->quick;
	new->rules = st->rules;
	new->user64 = st->user64;
	new->config = st->config;
	new->set = st->set ? sud_regions_get(st->set) : NULL;
	new->latest = st->set ? st->latest : &new->region.version;

	raw_spin_lock_irqsave(lock, flags);
	insert(new, child);
	raw_spin_unlock_irqrestore(lock, flags);
}

/* User code may have pointed the FS base anywhere. */
void __user *sud_task_fs_address(unsigned long offset)
{
	return (void __user *)(x86_fsbase_read_cpu() + offset);
}

/* Free an entry that is in the table no more. May not sleep. */
void sud_task_release(struct sud_task *st)
{
	sud_regions_put(st->set);
	/* Not kfree(): on PREEMPT_RT it may sleep. */
	if (st->child)
		kfree_rcu(st->child, rcu);
	kfree_rcu(st, rcu);
	module_put(THIS_MODULE);
}
