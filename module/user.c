// SPDX-License-Identifier: GPL-2.0-only
/*
 * How much memory a user takes by region sets and control areas, so that it can
 * be bounded where there are no memory cgroups. What is counted is what the allocator takes, from
 * the allocation until the memory is free again. A user has two budgets of the
 * same size: for sets and areas, and for the lists that calls work on; so a
 * user whose sets have used up theirs can still remove ranges.
 *
 * The kernel's own counts, of struct user_struct and ucounts, are not for
 * modules.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/hashtable.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/uidgid.h>
#include <linux/user_namespace.h>

#include "user.h"
#include "log.h"

/* The most that one user may take of each budget: some 30 full sets. */
#define MAX_BYTES (64UL << 20)

/**
 * struct sud_user - what one user takes
 * @node: in the table
 * @uid: the user
 * @bytes: of each budget; all 0 only while the lock is held
 */
struct sud_user {
	struct hlist_node node;
	kuid_t uid;
	size_t bytes[SUD_BUDGETS];
};

/*
 * The lock protects the table and all in it. It is everybody's: under it nothing
 * is allocated and nothing sleeps, or one user could make the others wait.
 */
static DEFINE_HASHTABLE(users, 8);
static DEFINE_SPINLOCK(lock);

/*
 * Whom the caller's memory is charged to. In a user namespace that a user made,
 * it is that user: each uid in there would be a budget of its own. A namespace
 * that root made is as root wants it, and its uids count as any.
 */
static kuid_t payer(void)
{
	const struct user_namespace *ns;
	kuid_t uid = current_uid();

	for (ns = current_user_ns(); ns->parent; ns = ns->parent)
		if (!uid_eq(ns->owner, GLOBAL_ROOT_UID))
			uid = ns->owner;
	return uid;
}

static struct sud_user *find(kuid_t uid)
{
	struct sud_user *user;

	lockdep_assert_held(&lock);

	hash_for_each_possible(users, user, node, __kuid_val(uid))
		if (uid_eq(user->uid, uid))
			return user;
	return NULL;
}

/* Return: true when the user takes nothing, and is out of the table. */
static bool forget_idle(struct sud_user *user)
{
	lockdep_assert_held(&lock);

	if (memchr_inv(user->bytes, 0, sizeof(user->bytes)))
		return false;
	hash_del(&user->node);
	return true;
}

/* Return: as sud_user_charge(). */
static struct sud_user *charge(kuid_t uid, enum sud_budget budget, size_t bytes,
			       size_t most)
{
	struct sud_user *user, *new = NULL;

	spin_lock(&lock);
	user = find(uid);
	if (!user) {
		spin_unlock(&lock);
		new = kzalloc(sizeof(*new), GFP_KERNEL_ACCOUNT);
		if (!new)
			return ERR_PTR(-ENOMEM);
		spin_lock(&lock);
		/* Another thread may have been quicker. */
		user = find(uid);
	}
	if (!user) {
		user = new;
		new = NULL;
		user->uid = uid;
		hash_add(users, &user->node, __kuid_val(uid));
	}
	if (bytes > most || user->bytes[budget] > most - bytes) {
		/* One that was made just now takes nothing. */
		new = forget_idle(user) ? user : new;
		user = ERR_PTR(-ENOSPC);
	} else {
		user->bytes[budget] += bytes;
	}
	spin_unlock(&lock);

	kfree(new);
	return user;
}

/**
 * sud_user_charge() - count memory for the calling user
 * @budget: what the memory is for
 * @bytes: not 0
 *
 * Return: whom to uncharge; -ENOSPC, when it would be too much and the caller
 * lacks CAP_SYS_RESOURCE; -ENOMEM.
 */
struct sud_user *sud_user_charge(enum sud_budget budget, size_t bytes)
{
	kuid_t uid = payer();
	struct sud_user *user = charge(uid, budget, bytes, MAX_BYTES);

	if (user == ERR_PTR(-ENOSPC) && capable(CAP_SYS_RESOURCE))
		user = charge(uid, budget, bytes, SIZE_MAX);
	if (user == ERR_PTR(-ENOSPC))
		pr_debug("user %u: no %zu bytes more in budget %d\n",
			 __kuid_val(uid), bytes, budget);
	return user;
}

void sud_user_uncharge(struct sud_user *user, enum sud_budget budget,
		       size_t bytes)
{
	bool idle;

	spin_lock(&lock);
	user->bytes[budget] -= bytes;
	idle = forget_idle(user);
	spin_unlock(&lock);

	if (idle)
		kfree(user);
}
