// SPDX-License-Identifier: GPL-2.0-only
/*
 * How much memory the region sets of a user take, so that it can be bounded
 * where there are no memory cgroups. What is counted is the memory itself, from
 * its allocation until it is free again.
 *
 * The kernel's own counts, of struct user_struct and ucounts, are not for
 * modules.
 */
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/hashtable.h>
#include <linux/mutex.h>
#include <linux/slab.h>

#include "user.h"

/* The most that the sets of one user may take: some 30 full ones. */
#define MAX_BYTES (64UL << 20)

/**
 * struct sud_user - what one user's sets take
 * @node: in the table
 * @uid: the user
 * @bytes: not 0, or else this is gone
 */
struct sud_user {
	struct hlist_node node;
	kuid_t uid;
	size_t bytes;
};

/* The lock protects the table and all in it. */
static DEFINE_HASHTABLE(users, 6);
static DEFINE_MUTEX(lock);

static struct sud_user *find(kuid_t uid)
{
	struct sud_user *user;

	hash_for_each_possible(users, user, node, __kuid_val(uid))
		if (uid_eq(user->uid, uid))
			return user;

	user = kzalloc(sizeof(*user), GFP_KERNEL_ACCOUNT);
	if (user) {
		user->uid = uid;
		hash_add(users, &user->node, __kuid_val(uid));
	}
	return user;
}

static void forget_idle(struct sud_user *user)
{
	if (user->bytes)
		return;
	hash_del(&user->node);
	kfree(user);
}

/**
 * sud_user_charge() - count memory for the calling user
 * @bytes: not 0
 *
 * Return: whom to uncharge; -ENOSPC, when it would be too much; -ENOMEM.
 */
struct sud_user *sud_user_charge(size_t bytes)
{
	struct sud_user *user;

	mutex_lock(&lock);
	user = find(current_uid());
	if (!user) {
		user = ERR_PTR(-ENOMEM);
	} else if (bytes > MAX_BYTES - user->bytes) {
		forget_idle(user);
		user = ERR_PTR(-ENOSPC);
	} else {
		user->bytes += bytes;
	}
	mutex_unlock(&lock);
	return user;
}

void sud_user_uncharge(struct sud_user *user, size_t bytes)
{
	mutex_lock(&lock);
	user->bytes -= bytes;
	forget_idle(user);
	mutex_unlock(&lock);
}
