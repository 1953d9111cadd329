// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/sud: the ioctl table. The errors are those of include/sud_uapi.h.
 */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/ptrace.h>
#include <linux/sched/task_stack.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/uaccess.h>

#include "compat/entry.h"
#include "config.h"
#include "dev.h"
#include "task.h"
#include "tracee.h"

/* Protects the file's private_data, which is its region set. */
static DEFINE_SPINLOCK(lock);

struct sud_region_set *sud_dev_regions(struct file *file)
{
	struct sud_region_set *set;

	spin_lock(&lock);
	set = sud_regions_get(file->private_data);
	spin_unlock(&lock);
	return set;
}

void sud_dev_give(struct file *file, struct sud_region_set *set)
{
	struct sud_region_set *old;

	spin_lock(&lock);
	old = file->private_data;
	file->private_data = sud_regions_get(set);
	spin_unlock(&lock);
	sud_regions_put(old);
}

static int sud_open(struct inode *inode, struct file *file)
{
	file->private_data = sud_regions_new();
	return file->private_data ? nonseekable_open(inode, file) : -ENOMEM;
}

static int sud_release(struct inode *inode, struct file *file)
{
	sud_regions_put(file->private_data);
	return 0;
}

static long ioctl_set(struct file *file, void __user *arg)
{
	struct sud_region_set *set;
	struct sud_config config;
	int err;

	err = sud_config_read(&config, arg);
	if (err)
		return err;

	set = sud_dev_regions(file);
	err = sud_config_apply(current, &config, set,
			       user_64bit_mode(current_pt_regs()));
	sud_regions_put(set);
	return err;
}

static long ioctl_get(struct file *file, void __user *arg)
{
	struct sud_task_state state;

	sud_task_get(current, &state);
	sud_regions_put(state.set);
	return sud_config_write(&state.config, arg);
}

static long ioctl_info(struct file *file, void __user *arg)
{
	struct sud_info info = {
		.abi = SUD_ABI_VERSION,
		.modes = BIT(SUD_MODE_OFF) | BIT(SUD_MODE_EXCLUSIVE) |
			 BIT(SUD_MODE_INCLUSIVE),
		.deliveries = BIT(SUD_DELIVER_SIGSYS) | BIT(SUD_DELIVER_UPCALL),
		.flags = SUD_CONFIG_FLAGS,
		.native_modes = sud_entry_native_modes(),
		.max_regions = SUD_REGIONS_MAX,
	};
	u32 size;
	int err;

	BUILD_BUG_ON(sizeof(info) != SUD_INFO_SIZE_VER0);

	err = sud_config_size(arg, SUD_INFO_SIZE_VER0, &size);
	if (err)
		return err;

	info.size = min_t(u32, size, sizeof(info));
	return sud_config_put(arg, size, &info, sizeof(info));
}

static int read_regions(struct sud_regions *args, void __user *arg)
{
	u32 size;
	int err;

	BUILD_BUG_ON(sizeof(*args) != SUD_REGIONS_SIZE_VER0);

	err = sud_config_size(arg, SUD_REGIONS_SIZE_VER0, &size);
	if (!err)
		err = copy_struct_from_user(args, sizeof(*args), arg, size);
	if (!err && args->flags)
		err = -EINVAL;
	return err;
}

static struct sud_range *ranges_alloc(size_t count)
{
	return kvmalloc_array(count, sizeof(struct sud_range),
			      GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
}

static bool ranges_ok(const struct sud_range *ranges, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (ranges[i].offset + ranges[i].len <= ranges[i].offset)
			return false;
	return true;
}

static long change_regions(struct file *file, void __user *arg, bool add)
{
	struct sud_region_set *set;
	struct sud_regions args;
	struct sud_range *ranges;
	int err;

	err = read_regions(&args, arg);
	if (err || !args.count)
		return err;
	if (args.count > SUD_REGIONS_MAX)
		return -ENOSPC;

	ranges = ranges_alloc(args.count);
	if (!ranges)
		return -ENOMEM;

	if (copy_from_user(ranges, sud_config_pointer(args.ranges),
			   args.count * sizeof(*ranges))) {
		err = -EFAULT;
	} else if (!ranges_ok(ranges, args.count)) {
		err = -EINVAL;
	} else {
		set = sud_dev_regions(file);
		err = sud_regions_change(set, ranges, args.count, add);
		sud_regions_put(set);
	}
	kvfree(ranges);
	return err;
}

static long ioctl_regions_add(struct file *file, void __user *arg)
{
	return change_regions(file, arg, true);
}

static long ioctl_regions_remove(struct file *file, void __user *arg)
{
	return change_regions(file, arg, false);
}

static long ioctl_regions_list(struct file *file, void __user *arg)
{
	struct sud_regions __user *to = arg;
	struct sud_range *ranges = NULL;
	struct sud_region_set *set;
	struct sud_regions args;
	size_t room, count;
	int err;

	err = read_regions(&args, arg);
	if (err)
		return err;

	room = min_t(u64, args.count, SUD_REGIONS_MAX);
	if (room) {
		ranges = ranges_alloc(room);
		if (!ranges)
			return -ENOMEM;
	}

	set = sud_dev_regions(file);
	err = sud_regions_list(set, ranges, room, &count);
	sud_regions_put(set);

	if (!err && (copy_to_user(sud_config_pointer(args.ranges), ranges,
				  min(room, count) * sizeof(*ranges)) ||
		     put_user((u64)count, &to->count)))
		err = -EFAULT;
	kvfree(ranges);
	return err;
}

static const struct {
	unsigned int cmd;
	long (*fn)(struct file *file, void __user *arg);
} ioctls[] = {
	{ SUD_IOC_INFO, ioctl_info },
	{ SUD_IOC_SET, ioctl_set },
	{ SUD_IOC_GET, ioctl_get },
	{ SUD_IOC_REGIONS_ADD, ioctl_regions_add },
	{ SUD_IOC_REGIONS_REMOVE, ioctl_regions_remove },
	{ SUD_IOC_REGIONS_LIST, ioctl_regions_list },
	{ SUD_IOC_GET_TASK, sud_tracee_get },
	{ SUD_IOC_SET_TASK, sud_tracee_set },
};

static long sud_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(ioctls); i++)
		if (ioctls[i].cmd == cmd)
			return ioctls[i].fn(file, (void __user *)arg);
	return -ENOTTY;
}

static const struct file_operations fops = {
	.owner = THIS_MODULE,
	.open = sud_open,
	.release = sud_release,
	.unlocked_ioctl = sud_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "sud",
	.fops = &fops,
	.mode = 0666,
};

int sud_dev_init(void)
{
	int err;

	err = misc_register(&device);
	if (err)
		pr_err("cannot make /dev/sud (%d)\n", err);
	return err;
}

void sud_dev_exit(void)
{
	misc_deregister(&device);
}
