// SPDX-License-Identifier: GPL-2.0-only
/*
 * The armed threads: a hash table keyed by task, which owns their state.
 *
 * Who may touch what:
 *   the table	changed under the bucket's lock, read under RCU-sched
 *   arming	a thread is led to the hook exactly while the table has its
 *		state; both change together under the bucket's lock. A thread
 *		that has set PF_EXITING gets no state any more, and after that
 *		gives up the one it has under the same lock
 *   a state	the thread it belongs to reads it without a lock, also while it
 *		sleeps. What SET gave is changed under the bucket's lock, by the
 *		thread or by its tracer; the rest (what was found in the set,
 *		the spare) by the thread as it makes calls, or where it is
 *		stopped. A tracer holds the thread's siglock too, under which
 *		the thread stays stopped (stop.c)
 *   its memory	one object of a fixed size, accounted to the memory cgroup of
 *		who armed the thread; freed a grace period after it has left the
 *		table
 *   the module	pinned by each state
 *
 * A state leaves the table when the thread is disarmed, when it has executed a
 * new image, and when it exits: before its task_struct can be used again.
 *
 * Lock order, of all locks that the module takes: siglock, a bucket's lock. The
 * others are taken alone: a region set's lock, a listener's, an open file's, the
 * users'.
 */
#include <linux/module.h>
#include <linux/ptrace.h>
#include <linux/sched/task_stack.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "area.h"
#include "compat/gate.h"
#include "compat/segment.h"
#include "count.h"
#include "stop.h"
#include "task.h"
#include "trace.h"

/* The table's buckets share 64 locks. */
#define LOCK_BITS 6

struct hlist_head sud_task_table[1 << SUD_HASH_BITS];

/* Raw: the exit probe runs with preemption off, on PREEMPT_RT too. */
static raw_spinlock_t bucket_locks[1 << LOCK_BITS];

static void free_resumed(struct sud_resume *resume)
{
	sud_task_free(container_of(resume, struct sud_task, resume));
}

void sud_task_init(void)
{
	int i;

	sud_resume_init(free_resumed);
	for (i = 0; i < ARRAY_SIZE(bucket_locks); i++)
		raw_spin_lock_init(&bucket_locks[i]);
}

static raw_spinlock_t *bucket_lock(const struct task_struct *task)
{
	return &bucket_locks[hash_ptr(task, SUD_HASH_BITS) &
			     (BIT(LOCK_BITS) - 1)];
}

/* The bucket's lock is held, and the task is not exiting. */
static void insert(struct sud_task *st, struct task_struct *task)
{
	lockdep_assert_held(bucket_lock(task));

	st->key = task;
	hlist_add_head_rcu(&st->node, sud_task_bucket(task));
	sud_gate_arm(task, st);
	/* It cannot fail: the caller has /dev/sud open, or is armed itself. */
	__module_get(THIS_MODULE);
}

/*
 * Return: the task's state, which the caller releases; NULL when there is none,
 * or when work that is queued on the task will release it (compat/resume.c).
 */
static struct sud_task *take_out(struct task_struct *task,
				 enum sud_disarmed reason)
{
	struct sud_task *st = sud_task_find(task);

	lockdep_assert_held(bucket_lock(task));

	if (!st)
		return NULL;
	sud_count(disarmed);
	trace_sud_disarm(task, reason);
	sud_gate_disarm(task);
	hlist_del_rcu(&st->node);
	return sud_resume_keeps(&st->resume) ? NULL : st;
}

struct sud_task *sud_task_alloc(void)
{
	return kzalloc(sizeof(struct sud_task), GFP_KERNEL_ACCOUNT);
}

static enum sud_kind kind_of(const struct sud_config *config)
{
	if (config->flags & SUD_FLAG_REGIONS)
		return config->mode == SUD_MODE_EXCLUSIVE
			       ? SUD_KIND_SET_EXCLUSIVE
			       : SUD_KIND_SET_INCLUSIVE;
	if (config->flags & SUD_FLAGS_RICH)
		return SUD_KIND_NO_SET;
	return config->flags & SUD_FLAG_MAPPED ? SUD_KIND_MAPPED
					       : SUD_KIND_PLAIN;
}

static enum sud_fast fast_of(const struct sud_task *st)
{
	const struct sud_config *config = &st->config;

	if (config->delivery != SUD_DELIVER_UPCALL || !st->code_64bit ||
	    config->flags & SUD_FLAG_SIGRETURN)
		return SUD_FAST_NONE;
	if (!config->upcall_frame)
		return SUD_FAST_REGS;
	return st->kind == SUD_KIND_MAPPED ? SUD_FAST_MAPPED : SUD_FAST_NONE;
}

/* For those who have a control area and no selector in it. Never written. */
static char always_block = SUD_SELECTOR_BLOCK;

static void fill_in_selector(struct sud_task *st, const struct sud_setup *setup)
{
	u64 selector = setup->config.selector;

	if (!(setup->config.flags & SUD_FLAG_MAPPED))
		st->selector = (char __user *)(uintptr_t)selector;
	else if (selector)
		st->mapped =
			setup->area->memory + (selector - setup->area_base);
	else
		st->mapped = &always_block;
}

static void fill_in_version(struct sud_task *st)
{
	if (st->kind == SUD_KIND_MAPPED)
		st->top = st->config.upcall_frame ? sud_task_top(st) : NULL;
	else if (st->set)
		st->version = &st->set->version;
	else
		st->version = &st->run_range.version;
}

/* Takes references, and leaves those that it had before in @old. */
static void fill_in(struct sud_task *st, const struct sud_setup *setup,
		    struct sud_setup *old)
{
	const struct sud_config *config = &setup->config;
	bool inclusive = config->mode == SUD_MODE_INCLUSIVE;

	old->set = st->set;
	old->area = st->area;
	old->listener = st->listener;

	/*
	 * An inclusive region is stored as its complement, as native SUD does:
	 * one unsigned comparison then serves both modes.
	 */
	st->run_range.offset = config->offset + (inclusive ? config->len : 0);
	st->run_range.len = inclusive ? -config->len : config->len;
	st->run_range.version = 0;
	fill_in_selector(st, setup);
	st->config = *config;
	st->code_64bit = setup->code_64bit;
	st->kind = kind_of(config);
	st->fast_upcall = fast_of(st);
	st->set = sud_regions_get(setup->set);
	st->area = sud_area_get(setup->area);
	st->area_base = setup->area_base;
	st->listener = sud_listener_use(setup->listener);
	fill_in_version(st);
}

void sud_setup_put(struct sud_setup *setup)
{
	sud_regions_put(setup->set);
	sud_area_put(setup->area);
	sud_listener_unuse(setup->listener);
}

bool sud_task_armed(const struct task_struct *task)
{
	bool armed;

	rcu_read_lock_sched_notrace();
	armed = sud_task_find(task);
	rcu_read_unlock_sched_notrace();
	return armed;
}

/* Has the kernel's own prctl armed the thread? */
bool sud_task_native(struct task_struct *task)
{
	return sud_gate_native_armed(task) && !sud_task_armed(task);
}

/* A thread's locks, and how interrupts were before each was taken. */
struct locked {
	unsigned long siglock, bucket;
};

/*
 * The calling thread is locked by its bucket alone; another one is also kept in
 * its stop, by siglock, which is the outer lock. Return: as sud_stop_hold().
 */
static int lock_thread(struct task_struct *task, struct locked *locked)
{
	int err = 0;

	if (task != current)
		err = sud_stop_hold(task, &locked->siglock);
	if (err)
		return err;
	raw_spin_lock_irqsave(bucket_lock(task), locked->bucket);
	/* For sparse, which cannot follow a lock that is taken or not. */
	__release(bucket_lock(task));
	return 0;
}

static void unlock_thread(struct task_struct *task, struct locked *locked)
{
	__acquire(bucket_lock(task));
	raw_spin_unlock_irqrestore(bucket_lock(task), locked->bucket);
	if (task != current)
		sud_stop_let_go(task, locked->siglock);
}

/* The thread is locked. */
static int check_settable(struct task_struct *task)
{
	if (task->flags & PF_EXITING)
		return -ESRCH;
	return sud_task_native(task) ? -EBUSY : 0;
}

/* Memory got before the locks; what is left of it is freed behind them. */
struct reserve {
	struct sud_task *state, *spare;
};

static void reserve_free(struct reserve *reserve)
{
	kfree(reserve->state);
	kfree(reserve->spare);
}

/* Return: 0 or -ENOMEM. */
static int reserve_get(struct reserve *reserve, const struct task_struct *task,
		       const struct sud_config *config)
{
	bool arms = config->mode != SUD_MODE_OFF && !sud_task_armed(task);
	/*
	 * A tracer may stop the thread behind the hook and make its call a
	 * clone, so that the spare has to be there at once.
	 */
	bool inherits = config->flags & SUD_FLAGS_INHERIT;

	reserve->state = arms ? sud_task_alloc() : NULL;
	reserve->spare = inherits ? sud_task_alloc() : NULL;
	if ((!arms || reserve->state) && (!inherits || reserve->spare))
		return 0;
	reserve_free(reserve);
	return -ENOMEM;
}

/*
 * The thread is locked. @old gets the references that the thread had, to be put
 * behind the locks. Return: 0 or -ESRCH.
 */
static int arm(struct task_struct *task, const struct sud_setup *setup,
	       struct reserve *reserve, struct sud_setup *old)
{
	struct sud_task *st = sud_task_find(task);

	if (!st) {
		/* reserve_get() saw it armed; it has been killed since. */
		if (!reserve->state)
			return -ESRCH;
		swap(st, reserve->state);
		fill_in(st, setup, old);
		insert(st, task);
		sud_count(armed);
	} else {
		fill_in(st, setup, old);
	}
	trace_sud_arm(task, &st->config,
		      task == current ? SUD_ARMED_ITSELF : SUD_ARMED_BY_TRACER);
	if (!st->spare)
		swap(st->spare, reserve->spare);
	return 0;
}

/**
 * sud_task_set() - arm, re-arm or disarm a thread
 * @task: the calling thread, or one that it may be the tracer of
 * @setup: checked by the caller, who keeps its references. The set is NULL without
 *	SUD_FLAG_REGIONS, the area without SUD_FLAG_MAPPED, and the listener without
 *	SUD_DELIVER_NOTIFY
 *
 * Return: 0; or, and nothing has changed, -ENOMEM, -EBUSY when the kernel's own
 * prctl has armed the thread, and what sud_stop_hold() says.
 */
int sud_task_set(struct task_struct *task, const struct sud_setup *setup)
{
	struct sud_setup old = {};
	struct sud_task *gone = NULL;
	struct reserve reserve;
	struct locked locked;
	int err;

	err = reserve_get(&reserve, task, &setup->config);
	if (err)
		return err;

	err = lock_thread(task, &locked);
	if (err)
		goto free;
	err = check_settable(task);
	if (!err && setup->config.mode == SUD_MODE_OFF)
		gone = take_out(task, SUD_DISARMED_BY_SET);
	else if (!err)
		err = arm(task, setup, &reserve, &old);
	unlock_thread(task, &locked);

	if (gone)
		sud_task_free(gone);
	sud_setup_put(&old);
free:
	reserve_free(&reserve);
	return err;
}

/* The bucket's lock is held. */
static void get_setup(struct task_struct *task, struct sud_setup *setup)
{
	const struct sud_task *st = sud_task_find(task);

	lockdep_assert_held(bucket_lock(task));

	memset(setup, 0, sizeof(*setup));
	setup->code_64bit = true;
	if (!st)
		return;
	setup->config = st->config;
	setup->code_64bit = st->code_64bit;
	setup->set = sud_regions_get(st->set);
	setup->listener = sud_listener_use(st->listener);
}

/**
 * sud_task_get() - what a thread is armed with
 * @task: as for sud_task_set()
 * @setup: SUD_MODE_OFF and zeroes when it is not armed here. The caller ends it
 *	by sud_setup_put(); it has no area
 *
 * Return: 0, or what sud_stop_hold() says.
 */
int sud_task_get(struct task_struct *task, struct sud_setup *setup)
{
	struct locked locked;
	int err;

	err = lock_thread(task, &locked);
	if (err)
		return err;
	get_setup(task, setup);
	unlock_thread(task, &locked);
	return 0;
}

/**
 * sud_task_peek() - the same of any thread, which may run meanwhile
 * @task: the caller has a reference, and has to know who may see it
 * @setup: as for sud_task_get()
 */
void sud_task_peek(struct task_struct *task, struct sud_setup *setup)
{
	raw_spinlock_t *lock = bucket_lock(task);
	unsigned long flags;

	raw_spin_lock_irqsave(lock, flags);
	get_setup(task, setup);
	raw_spin_unlock_irqrestore(lock, flags);
}

/**
 * sud_task_alike() - is a thread armed as another one is?
 * @st: the other one's state, which stays as it is, or NULL when it is off
 * @task: it may run meanwhile; its memory stays
 */
bool sud_task_alike(const struct sud_task *st, const struct task_struct *task)
{
	raw_spinlock_t *lock = bucket_lock(task);
	const struct sud_task *other;
	unsigned long flags;
	bool alike;

	raw_spin_lock_irqsave(lock, flags);
	other = sud_task_find(task);
	if (!st || !other)
		alike = st == other;
	else
		alike = !memcmp(&st->config, &other->config,
				sizeof(st->config)) &&
			st->code_64bit == other->code_64bit &&
			st->set == other->set && st->area == other->area &&
			st->area_base == other->area_base &&
			st->listener == other->listener;
	raw_spin_unlock_irqrestore(lock, flags);
	return alike;
}

/*
 * It takes the lock even where the table seems to have no state of the calling
 * thread: a tracer may be arming it at this moment.
 */
static void disarm(enum sud_disarmed reason)
{
	raw_spinlock_t *lock = bucket_lock(current);
	struct sud_task *st;
	unsigned long flags;

	raw_spin_lock_irqsave(lock, flags);
	st = take_out(current, reason);
	raw_spin_unlock_irqrestore(lock, flags);

	if (st)
		sud_task_free(st);
}

/* Disarm the calling thread as it exits. May not sleep. */
void sud_task_exit(void)
{
	disarm(SUD_DISARMED_BY_EXIT);
}

/* Disarm the calling thread, if it is armed here: it has a new image. As above. */
void sud_task_exec(void)
{
	if (sud_task_search())
		disarm(SUD_DISARMED_BY_EXEC);
}

/**
 * sud_task_arm_child() - arm a new child of the calling thread as that is armed
 * @st: the calling thread's state
 * @new: for the child; zeroed
 * @child: it has not run yet
 */
void sud_task_arm_child(const struct sud_task *st, struct sud_task *new,
			struct task_struct *child)
{
	raw_spinlock_t *lock = bucket_lock(child);
	unsigned long flags;

	new->run_range = st->run_range;
	new->selector = st->selector; /* or mapped */
	new->fast_upcall = st->fast_upcall;
	new->kind = st->kind;
	new->code_64bit = st->code_64bit;
	new->config = st->config;
	new->area = sud_area_get(st->area);
	new->area_base = st->area_base;
	new->set = sud_regions_get(st->set);
	new->listener = sud_listener_use(st->listener);
	fill_in_version(new);

	raw_spin_lock_irqsave(lock, flags);
	insert(new, child);
	sud_count(inherited);
	trace_sud_arm(child, &new->config, SUD_ARMED_AS_CHILD);
	raw_spin_unlock_irqrestore(lock, flags);
}

void __user *sud_task_segment_address(const struct sud_task *st,
				      unsigned long offset)
{
	unsigned long base = st->config.flags & SUD_FLAG_SELECTOR_FS
				     ? sud_fs_base()
				     : sud_gs_base();

	return (void __user *)(base + offset);
}

/* Free a state that is in the table no more. May not sleep. */
void sud_task_free(struct sud_task *st)
{
	sud_regions_put(st->set);
	sud_area_put(st->area);
	sud_listener_unuse(st->listener);
	/* Not kfree(): on PREEMPT_RT it may sleep. */
	if (st->spare)
		kfree_rcu(st->spare, rcu);
	kfree_rcu(st, rcu);
	module_put(THIS_MODULE);
}
