/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Listeners: blocked calls that wait in a queue for somebody to answer them. The ABI
 * is in include/sud_uapi.h; notify.c is the side of the thread that waits,
 * serve.c that of the descriptor.
 */
#ifndef SUD_LISTENER_H
#define SUD_LISTENER_H

#include <linux/hashtable.h>
#include <linux/list.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <sud_uapi.h>

struct pt_regs;
struct sud_user;

/**
 * struct sud_listener - a queue of calls, and who reads it
 * @refs: its descriptor, and one for all of @users
 * @users: open /dev/suds and armed threads: those by whom calls come
 * @id: its number
 * @killable: SUD_LISTEN_KILLABLE
 * @user: whom it is charged to
 * @no_users: run when the last of @users has gone, from where one may sleep
 * @readers: who waits for a call
 * @lock: protects what follows, and all calls in it
 * @closed: nobody can answer any more
 * @deserted: nobody can call any more
 * @last_id: the number of the newest call
 * @waiting: calls that nobody has taken yet, the oldest first
 * @taken: calls that were taken, by their numbers
 */
struct sud_listener {
	refcount_t refs;
	refcount_t users;
	u64 id;
	bool killable;
	struct sud_user *user;
	struct rcu_work no_users;
	wait_queue_head_t readers;
	spinlock_t lock; /* of the queue */
	bool closed;
	bool deserted;
	u64 last_id;
	struct list_head waiting;
	DECLARE_HASHTABLE(taken, 6);
};

/* Where a call stands. It goes from one to the next, and from TAKEN back at times. */
enum sud_stage {
	SUD_CALL_WAITING, /* in the queue */
	SUD_CALL_TAKEN,
	SUD_CALL_DONE, /* answered, or the listener was closed */
};

/**
 * struct sud_waiting - a call that waits, on the stack of its thread
 * @stage: changed under the listener's lock
 * @in_queue: while SUD_CALL_WAITING
 * @in_taken: while SUD_CALL_TAKEN
 * @thread: where the thread sleeps
 * @sleeper: the only one who does
 * @task: the thread
 * @regs: its registers, which nobody changes while it waits
 * @call: what the reader gets, but for pid, tid and regs
 * @flags: the processor's flags, the program's own
 * @answer: when SUD_CALL_DONE
 */
struct sud_waiting {
	enum sud_stage stage;
	union {
		struct list_head in_queue;
		struct hlist_node in_taken;
	};
	wait_queue_head_t thread;
	struct wait_queue_entry sleeper;
	struct task_struct *task;
	const struct pt_regs *regs;
	u64 id;
	u64 selector;
	unsigned long flags;
	u32 arch;
	struct sud_answer answer;
};

/* Return: one with no users and a reference for its descriptor, or an error. */
struct sud_listener *sud_listener_new(u32 flags);
void sud_listener_put(struct sud_listener *listener);
/* The first user, of a listener that nobody else has yet. */
void sud_listener_first_user(struct sud_listener *listener);
/* Another one. Also with NULL. */
struct sud_listener *sud_listener_use(struct sud_listener *listener);
/* May be called where one may not sleep, and with NULL. */
void sud_listener_unuse(struct sud_listener *listener);

/*
 * The calling thread waits, until @call is SUD_CALL_DONE. Return: 0; or -ERESTARTSYS,
 * when a signal came first.
 */
int sud_listener_wait(struct sud_listener *listener, struct sud_waiting *call);

/* Takes the oldest call. Return: false, when there is none. */
bool sud_listener_take(struct sud_listener *listener,
		       struct sud_notification *call);
/* It could not be given to the reader, and waits for another. */
void sud_listener_put_back(struct sud_listener *listener, u64 id);
/* Return: 0, -ENOENT or -EINVAL. */
int sud_listener_answer(struct sud_listener *listener,
			const struct sud_answer *answer);
bool sud_listener_valid(struct sud_listener *listener, u64 id);
/* The last descriptor is closed. */
void sud_listener_close(struct sud_listener *listener);

/* A look without the lock, which may be wrong a moment later. */
static inline bool sud_listener_ready(const struct sud_listener *listener)
{
	return !list_empty_careful(&listener->waiting);
}

#endif /* SUD_LISTENER_H */
