// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ioctls on the region set of an open /dev/sud.
 */
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "file.h"
#include "region_ioctls.h"
#include "regions.h"
#include "uapi.h"
#include "user.h"

/**
 * struct list - ranges on their way in or out
 * @ranges: NULL for none
 * @bytes: what they take
 * @user: whom they are charged to, as long as the call runs; NULL for few
 */
struct list {
	struct sud_range *ranges;
	size_t bytes;
	struct sud_user *user;
};

/* Return: 0, and there is room for @count ranges; -ENOSPC; -ENOMEM. */
static int list_alloc(struct list *list, size_t count)
{
	memset(list, 0, sizeof(*list));
	if (!count)
		return 0;

	list->bytes = array_size(count, sizeof(*list->ranges));
	/* A call may be made to last, by slow memory. */
	if (list->bytes > PAGE_SIZE) {
		list->user = sud_user_charge(SUD_BUDGET_CALLS, list->bytes);
		if (IS_ERR(list->user))
			return PTR_ERR(list->user);
	}

	list->ranges = kvmalloc(list->bytes, GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (list->ranges)
		return 0;
	if (list->user)
		sud_user_uncharge(list->user, SUD_BUDGET_CALLS, list->bytes);
	return -ENOMEM;
}

static void list_free(struct list *list)
{
	kvfree(list->ranges);
	if (list->user)
		sud_user_uncharge(list->user, SUD_BUDGET_CALLS, list->bytes);
}

static long change_regions(struct file *file, void __user *arg, bool add)
{
	struct sud_region_set *set;
	struct sud_regions args;
	struct list list;
	int err;

	err = sud_uapi_read_regions(&args, arg);
	if (err || !args.count)
		return err;
	if (args.count > SUD_REGIONS_MAX)
		return -ENOSPC;

	err = list_alloc(&list, args.count);
	if (err)
		return err;

	if (copy_from_user(list.ranges, sud_uapi_pointer(args.ranges),
			   args.count * sizeof(*list.ranges))) {
		err = -EFAULT;
	} else if (!sud_ranges_valid(list.ranges, args.count)) {
		err = -EINVAL;
	} else {
		set = sud_file_set(file);
		err = set ? sud_regions_change(set, list.ranges, args.count,
					       add)
			  : -ENOMEM;
		sud_regions_put(set);
	}
	list_free(&list);
	return err;
}

long sud_ioctl_regions_add(struct file *file, void __user *arg)
{
	return change_regions(file, arg, true);
}

long sud_ioctl_regions_remove(struct file *file, void __user *arg)
{
	return change_regions(file, arg, false);
}

long sud_ioctl_regions_list(struct file *file, void __user *arg)
{
	struct sud_regions __user *to = arg;
	struct sud_region_set *set;
	struct sud_regions args;
	size_t room, count = 0;
	struct list list;
	int err;

	err = sud_uapi_read_regions(&args, arg);
	if (err)
		return err;

	room = min_t(u64, args.count, SUD_REGIONS_MAX);
	err = list_alloc(&list, room);
	if (err)
		return err;

	set = sud_file_set_if_any(file);
	if (set)
		err = sud_regions_list(set, list.ranges, room, &count);
	sud_regions_put(set);

	if (!err && (copy_to_user(sud_uapi_pointer(args.ranges), list.ranges,
				  min(room, count) * sizeof(*list.ranges)) ||
		     put_user((u64)count, &to->count)))
		err = -EFAULT;
	list_free(&list);
	return err;
}
