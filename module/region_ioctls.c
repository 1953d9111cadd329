// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ioctls on the region set of an open /dev/sud.
 */
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "file.h"
#include "region_ioctls.h"
#include "regions.h"
#include "uapi.h"

static struct sud_range *alloc_ranges(size_t count)
{
	return kvmalloc_array(count, sizeof(struct sud_range),
			      GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
}

static long change_regions(struct file *file, void __user *arg, bool add)
{
	struct sud_region_set *set;
	struct sud_regions args;
	struct sud_range *ranges;
	int err;

	err = sud_uapi_read_regions(&args, arg);
	if (err || !args.count)
		return err;
	if (args.count > SUD_REGIONS_MAX)
		return -ENOSPC;

	ranges = alloc_ranges(args.count);
	if (!ranges)
		return -ENOMEM;

	if (copy_from_user(ranges, sud_uapi_pointer(args.ranges),
			   args.count * sizeof(*ranges))) {
		err = -EFAULT;
	} else if (!sud_ranges_valid(ranges, args.count)) {
		err = -EINVAL;
	} else {
		set = sud_file_set(file);
		err = sud_regions_change(set, ranges, args.count, add);
		sud_regions_put(set);
	}
	kvfree(ranges);
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
	struct sud_range *ranges = NULL;
	struct sud_region_set *set;
	struct sud_regions args;
	size_t room, count;
	int err;

	err = sud_uapi_read_regions(&args, arg);
	if (err)
		return err;

	room = min_t(u64, args.count, SUD_REGIONS_MAX);
	if (room) {
		ranges = alloc_ranges(room);
		if (!ranges)
			return -ENOMEM;
	}

	set = sud_file_set(file);
	err = sud_regions_list(set, ranges, room, &count);
	sud_regions_put(set);

	if (!err && (copy_to_user(sud_uapi_pointer(args.ranges), ranges,
				  min(room, count) * sizeof(*ranges)) ||
		     put_user((u64)count, &to->count)))
		err = -EFAULT;
	kvfree(ranges);
	return err;
}
