// SPDX-License-Identifier: GPL-2.0-only
/*
 * SUD_IOC_LIST: which threads are armed.
 *
 * Two steps, neither of which holds a lock for longer than one bucket or one thread.
 * First choose: look through the table, a bucket at a time under RCU, for the lowest
 * thread numbers that the caller may see, as many as there is room for. Then give:
 * find each by its number again, and copy what it is armed with under its bucket's
 * lock. Between the two a thread may have gone, executed another program or lost its
 * number to another one; so "give" asks once more whether the caller may see it.
 *
 * The order is that of the numbers and never that of the table, which would tell
 * about the addresses of the kernel's objects. Each call looks through the whole
 * table for that.
 */
#include <linux/fs.h>
#include <linux/minmax.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "access.h"
#include "list.h"
#include "task.h"
#include "uapi.h"

/* Threads that one call gives at most: their numbers are on the stack. */
#define MOST 128

/**
 * struct chosen - the lowest thread numbers found by now
 * @ns: whose numbers they are
 * @from: lower ones are not wanted
 * @room: how many are
 * @count: how many there are
 * @tid: in ascending order
 */
struct chosen {
	struct pid_namespace *ns;
	pid_t from;
	unsigned int room;
	unsigned int count;
	pid_t tid[MOST];
};

static bool wanted(const struct chosen *chosen, pid_t tid)
{
	/* 0: the caller's namespace has no number for the thread. */
	if (!tid || tid < chosen->from)
		return false;
	return chosen->count < chosen->room ||
	       tid < chosen->tid[chosen->count - 1];
}

/*
 * The thread is wanted. Where there is no room, the highest number goes. A number may
 * be found twice: a thread that executes a program takes its leader's, whose state may
 * have been found before.
 */
static void choose(struct chosen *chosen, pid_t tid)
{
	unsigned int at = chosen->count;

	while (at && chosen->tid[at - 1] > tid)
		at--;
	if (at && chosen->tid[at - 1] == tid)
		return;
	if (chosen->count < chosen->room)
		chosen->count++;
	memmove(chosen->tid + at + 1, chosen->tid + at,
		(chosen->count - 1 - at) * sizeof(*chosen->tid));
	chosen->tid[at] = tid;
}

/*
 * A thread's state leaves the table before the kernel begins to free the thread,
 * which it does a grace period later. So a key that is found under RCU points to a
 * thread until the RCU section ends.
 */
static void choose_in(const struct hlist_head *bucket, struct chosen *chosen)
{
	struct task_struct *task;
	struct sud_task *st;
	pid_t tid;

	rcu_read_lock();
	hlist_for_each_entry_rcu(st, bucket, node) {
		task = (struct task_struct *)st->key;
		tid = __task_pid_nr_ns(task, PIDTYPE_PID, chosen->ns);
		if (wanted(chosen, tid) && sud_access_allows(task))
			choose(chosen, tid);
	}
	rcu_read_unlock();
}

static void choose_all(struct chosen *chosen)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(sud_task_table); i++) {
		if (hlist_empty(&sud_task_table[i]))
			continue;
		choose_in(&sud_task_table[i], chosen);
		cond_resched();
	}
}

/* Return: a reference, or NULL. */
static struct task_struct *find_thread(pid_t tid)
{
	struct task_struct *task;

	rcu_read_lock();
	task = pid_task(find_vpid(tid), PIDTYPE_PID);
	if (task)
		get_task_struct(task);
	rcu_read_unlock();
	return task;
}

/*
 * Return: false when there is nothing of the thread to be seen. The access is asked
 * for behind the copying: if the thread has executed a program in between, what was
 * copied is of an image that is gone.
 */
static bool describe(struct task_struct *task, pid_t tid,
		     const struct chosen *chosen, struct sud_list_entry *entry)
{
	struct sud_setup setup;
	bool seen;

	sud_task_peek(task, &setup);
	seen = setup.config.mode != SUD_MODE_OFF && sud_access_allows(task);

	memset(entry, 0, sizeof(*entry));
	entry->pid = __task_pid_nr_ns(task, PIDTYPE_TGID, chosen->ns);
	entry->tid = __task_pid_nr_ns(task, PIDTYPE_PID, chosen->ns);
	entry->flags = setup.code_64bit ? 0 : SUD_TASK_32BIT;
	entry->set = setup.set ? setup.set->id : 0;
	entry->config = setup.config;
	sud_setup_put(&setup);

	/*
	 * It may have lost its number: to its end, or to an exec, which gives it the
	 * lower one of its process, out of order here.
	 */
	return seen && entry->pid && entry->tid == tid;
}

/* Return: how many entries were written, or -EFAULT. */
static int give(const struct chosen *chosen, const struct sud_list *args)
{
	void __user *to = sud_uapi_pointer(args->entries);
	struct sud_list_entry entry;
	struct task_struct *task;
	int given = 0, i;
	bool seen;

	for (i = 0; i < chosen->count; i++) {
		task = find_thread(chosen->tid[i]);
		if (!task)
			continue;
		seen = describe(task, chosen->tid[i], chosen, &entry);
		put_task_struct(task);
		if (!seen)
			continue;
		if (sud_uapi_write_entry(&entry, to, args->entry_size))
			return -EFAULT;
		to += args->entry_size;
		given++;
		cond_resched();
	}
	return given;
}

long sud_ioctl_list(struct file *file, void __user *arg)
{
	struct sud_list args;
	struct chosen chosen;
	int given;
	int err;

	err = sud_uapi_read_list(&args, arg);
	if (err)
		return err;

	chosen.ns = task_active_pid_ns(current);
	chosen.from = args.cursor;
	chosen.room = min_t(u32, args.count, MOST);
	chosen.count = 0;
	choose_all(&chosen);

	given = give(&chosen, &args);
	if (given < 0)
		return given;

	args.count = given;
	/* Where there was room left, there is nobody else. */
	args.cursor = chosen.count < chosen.room
			      ? 0
			      : (u64)chosen.tid[chosen.count - 1] + 1;
	return copy_to_user(arg, &args, args.size) ? -EFAULT : 0;
}
