// SPDX-License-Identifier: GPL-2.0-only
/*
 * How much memory the region sets of a user take, so that it can be bounded
 * where there are no memory cgroups. What is counted is what the allocator takes
 * for the ranges, from their allocation until the memory is free again.
 *
 * The kernel's own counts, of struct user_struct and ucounts, are not for
 * modules.
 */
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/hashtable.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/uidgid.h>
#include <linux/user_namespace.h>

#include "user.h"

/* The most that the sets of one user may take: some 30 full ones. */
#define MAX_BYTES (64UL << 20)

/**
 * struct sud_user - what one user's sets take
 * @node: in the table
 * @uid: the user
 * @bytes: 0 only while the lock is held
 */
struct sud_user {
	struct hlist_node node;
	kuid_t uid;
	size_t bytes;
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

/**
 * sud_user_charge() - count memory for the calling user
 * @bytes: not 0
 *
 * Return: whom to uncharge; -ENOSPC, when it would be too much; -ENOMEM.
 */
struct sud_user *sud_user_charge(size_t bytes)
{
	struct sud_user *user, *new = NULL;
	kuid_t uid = payer();

	if (bytes > MAX_BYTES)
		return ERR_PTR(-ENOSPC);

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
	if (bytes > MAX_BYTES - user->bytes)
		user = ERR_PTR(-ENOSPC);
	else
		user->bytes += bytes;
	spin_unlock(&lock);

	kfree(new);
	return user;
}

void sud_user_uncharge(struct sud_user *user, size_t bytes)
{
	bool idle;

	spin_lock(&lock);
	user->bytes -= bytes;
	idle = !user->bytes;
	if (idle)
		hash_del(&user->node);
	spin_unlock(&lock);

	if (idle)
		kfree(user);
}
