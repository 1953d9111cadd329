// SPDX-License-Identifier: GPL-2.0-only
/*
 * The queue of a listener. Who may touch what:
 *   a listener	those who hold a reference: its descriptor's file, and its users,
 *		which are open /dev/suds and armed threads
 *   its calls	under its lock. A call lies on the stack of the thread that waits,
 *		and is in the queue, in the table of taken calls, or done
 *   a call that is done	its thread alone, once it has had the lock: so whoever
 *		answered it has let go of it
 *   the thread's registers	read by others only while its call is in the queue or
 *		taken, under the lock; changed by the thread only
 *
 * Who waits and who answers wake each other while they hold the lock, as a rule
 * to sleep soon: the wake-up says so, and both stay on one CPU where they can.
 *
 * The lock is taken where one may sleep, and neither inside nor outside of another of
 * the module's. The last user may go where one may not, so a work ends that.
 */
#include <linux/err.h>
#include <linux/poll.h>
#include <linux/ptrace.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "compat/sleep.h"
#include "listener.h"
#include "reclaim.h"
#include "registers.h"
#include "user.h"

static void put_users(struct work_struct *work)
{
	struct sud_listener *listener =
		container_of(to_rcu_work(work), struct sud_listener, no_users);

	spin_lock(&listener->lock);
	listener->deserted = true;
	/* All readers: each has to say that there is nothing more. */
	wake_up_interruptible_all(&listener->readers);
	spin_unlock(&listener->lock);
	sud_listener_put(listener);
}

struct sud_listener *sud_listener_new(u32 flags)
{
	static atomic64_t last_id;
	struct sud_listener *listener;
	struct sud_user *user;

	user = sud_user_charge(SUD_BUDGET_SETS, sizeof(*listener));
	if (IS_ERR(user))
		return ERR_CAST(user);
	listener = kzalloc(sizeof(*listener), GFP_KERNEL_ACCOUNT);
	if (!listener) {
		sud_user_uncharge(user, SUD_BUDGET_SETS, sizeof(*listener));
		return ERR_PTR(-ENOMEM);
	}
	refcount_set(&listener->refs, 1);
	listener->id = atomic64_inc_return(&last_id);
	listener->killable = flags & SUD_LISTEN_KILLABLE;
	listener->user = user;
	init_waitqueue_head(&listener->readers);
	spin_lock_init(&listener->lock);
	/* So that a call of another listener is hardly ever taken for one of this. */
	get_random_bytes(&listener->last_id, sizeof(listener->last_id));
	INIT_LIST_HEAD(&listener->waiting);
	return listener;
}

void sud_listener_put(struct sud_listener *listener)
{
	struct sud_user *user = listener->user;

	if (!refcount_dec_and_test(&listener->refs))
		return;
	kfree(listener);
	sud_user_uncharge(user, SUD_BUDGET_SETS, sizeof(*listener));
}

void sud_listener_first_user(struct sud_listener *listener)
{
	refcount_inc(&listener->refs);
	refcount_set(&listener->users, 1);
}

struct sud_listener *sud_listener_use(struct sud_listener *listener)
{
	if (listener)
		refcount_inc(&listener->users);
	return listener;
}

void sud_listener_unuse(struct sud_listener *listener)
{
	if (listener && refcount_dec_and_test(&listener->users))
		sud_reclaim(&listener->no_users, put_users);
}

/* The lock is held. The call is in the queue or taken. */
static void unlink_call(struct sud_waiting *call)
{
	if (call->stage == SUD_CALL_WAITING)
		list_del(&call->in_queue);
	else
		hash_del(&call->in_taken);
}

/* The lock is held. From when it lets go of that on, the call may be gone. */
static void finish(struct sud_waiting *call)
{
	unlink_call(call);
	WRITE_ONCE(call->stage, SUD_CALL_DONE);
	__wake_up_sync(&call->thread, TASK_NORMAL);
}

static struct sud_waiting *find_taken(struct sud_listener *listener, u64 id)
{
	struct sud_waiting *call;

	lockdep_assert_held(&listener->lock);

	hash_for_each_possible(listener->taken, call, in_taken, id)
		if (call->id == id)
			return call;
	return NULL;
}

/* The lock is held. */
static void enqueue(struct sud_listener *listener, struct sud_waiting *call)
{
	call->stage = SUD_CALL_WAITING;
	list_add_tail(&call->in_queue, &listener->waiting);
	wake_up_interruptible_sync_poll(&listener->readers,
					EPOLLIN | EPOLLRDNORM);
}

/* A call that was taken waits killably where its listener says so. */
static unsigned int sleep_state(const struct sud_listener *listener,
				const struct sud_waiting *call)
{
	if (listener->killable && READ_ONCE(call->stage) == SUD_CALL_TAKEN)
		return TASK_KILLABLE | SUD_TASK_FREEZABLE;
	return TASK_INTERRUPTIBLE | SUD_TASK_FREEZABLE;
}

/* Until the call is done, or a signal comes. */
static void sleep_until_done(struct sud_listener *listener,
			     struct sud_waiting *call)
{
	unsigned int state;

	for (;;) {
		state = sleep_state(listener, call);
		set_current_state(state);
		if (READ_ONCE(call->stage) == SUD_CALL_DONE)
			break;
		/* Taken meanwhile: it may have to sleep otherwise. */
		if (state != sleep_state(listener, call))
			continue;
		if (signal_pending_state(state, current))
			break;
		sud_freezable_schedule();
	}
	__set_current_state(TASK_RUNNING);
}

/* How a call ends that nobody can answer: as one that the kernel does not know. */
static const struct sud_answer no_answer = { .result = -ENOSYS };

int sud_listener_wait(struct sud_listener *listener, struct sud_waiting *call)
{
	int err = 0;

	/* It need not leave this queue, nor enter it again: nobody else looks there. */
	init_waitqueue_head(&call->thread);
	init_waitqueue_entry(&call->sleeper, current);
	__add_wait_queue(&call->thread, &call->sleeper);

	spin_lock(&listener->lock);
	if (listener->closed) {
		spin_unlock(&listener->lock);
		call->answer = no_answer;
		return 0;
	}
	call->id = ++listener->last_id;
	enqueue(listener, call);
	spin_unlock(&listener->lock);

	sleep_until_done(listener, call);

	spin_lock(&listener->lock);
	if (call->stage != SUD_CALL_DONE) {
		unlink_call(call);
		err = -ERESTARTSYS;
	}
	spin_unlock(&listener->lock);
	return err;
}

/* The lock is held, so the thread waits. */
static void describe(const struct sud_waiting *waiting,
		     struct sud_notification *call)
{
	const struct pt_regs *regs = waiting->regs;

	call->id = waiting->id;
	call->tid = task_pid_vnr(waiting->task);
	call->pid = thread_group_leader(waiting->task)
			    ? call->tid
			    : task_tgid_vnr(waiting->task);
	call->nr = regs->orig_ax;
	call->arch = waiting->arch;
	call->cs = (u16)regs->cs;
	call->reserved = 0;
	call->selector = waiting->selector;
	sud_registers_read(regs, waiting->flags, &call->regs);
}

bool sud_listener_take(struct sud_listener *listener,
		       struct sud_notification *call)
{
	struct sud_waiting *waiting;

	spin_lock(&listener->lock);
	waiting = list_first_entry_or_null(&listener->waiting,
					   struct sud_waiting, in_queue);
	if (waiting) {
		list_del(&waiting->in_queue);
		hash_add(listener->taken, &waiting->in_taken, waiting->id);
		WRITE_ONCE(waiting->stage, SUD_CALL_TAKEN);
		describe(waiting, call);
	}
	spin_unlock(&listener->lock);
	return waiting;
}

void sud_listener_put_back(struct sud_listener *listener, u64 id)
{
	struct sud_waiting *call;

	spin_lock(&listener->lock);
	call = find_taken(listener, id);
	if (call) {
		unlink_call(call);
		WRITE_ONCE(call->stage, SUD_CALL_WAITING);
		list_add(&call->in_queue, &listener->waiting);
		wake_up_interruptible_poll(&listener->readers,
					   EPOLLIN | EPOLLRDNORM);
	}
	spin_unlock(&listener->lock);
}

int sud_listener_answer(struct sud_listener *listener,
			const struct sud_answer *answer)
{
	struct sud_waiting *call;
	int err = 0;

	spin_lock(&listener->lock);
	call = find_taken(listener, answer->id);
	if (!call)
		err = -ENOENT;
	else if (answer->flags & SUD_ANSWER_REGS &&
		 !sud_registers_ok(call->regs, call->flags, &answer->regs))
		err = -EINVAL;
	if (!err) {
		call->answer = *answer;
		finish(call);
	}
	spin_unlock(&listener->lock);
	return err;
}

bool sud_listener_valid(struct sud_listener *listener, u64 id)
{
	bool valid;

	spin_lock(&listener->lock);
	valid = find_taken(listener, id);
	spin_unlock(&listener->lock);
	return valid;
}

static void fail(struct sud_waiting *call)
{
	call->answer = no_answer;
	finish(call);
}

void sud_listener_close(struct sud_listener *listener)
{
	struct sud_waiting *call, *next;
	struct hlist_node *next_taken;
	int i;

	spin_lock(&listener->lock);
	listener->closed = true;
	list_for_each_entry_safe(call, next, &listener->waiting, in_queue)
		fail(call);
	hash_for_each_safe(listener->taken, i, next_taken, call, in_taken)
		fail(call);
	spin_unlock(&listener->lock);
}
