// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/sud: the ioctl table. The errors are those of include/sud_uapi.h.
 */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/ptrace.h>
#include <linux/sched/task_stack.h>

#include "compat/gate.h"
#include "compat/segment.h"
#include "config.h"
#include "count.h"
#include "dev.h"
#include "file.h"
#include "hook.h"
#include "list.h"
#include "region_ioctls.h"
#include "regions.h"
#include "serve.h"
#include "switch.h"
#include "task.h"
#include "tracee.h"
#include "uapi.h"
#include "unsynced.h"
#include "log.h"

static long ioctl_set(struct file *file, void __user *arg)
{
	struct sud_setup setup = {
		.code_64bit = user_64bit_mode(current_pt_regs()),
	};
	int err;

	err = sud_uapi_read_config(&setup.config, arg);
	if (err)
		return err;
	err = sud_file_fill_in(file, &setup);
	if (!err)
		err = sud_config_apply(current, &setup);
	sud_setup_put(&setup);
	return err;
}

static long ioctl_get(struct file *file, void __user *arg)
{
	struct sud_setup setup;

	sud_task_get(current, &setup);
	sud_setup_put(&setup);
	return sud_uapi_write_config(&setup.config, arg);
}

static long ioctl_info(struct file *file, void __user *arg)
{
	struct sud_info info = {
		.abi = SUD_ABI_VERSION,
		.modes = BIT(SUD_MODE_OFF) | BIT(SUD_MODE_EXCLUSIVE) |
			 BIT(SUD_MODE_INCLUSIVE),
		.deliveries = BIT(SUD_DELIVER_SIGSYS) |
			      BIT(SUD_DELIVER_UPCALL) | BIT(SUD_DELIVER_NOTIFY),
		.flags = SUD_FLAGS_ALL,
		.native_modes = sud_gate_native_modes(),
		.max_regions = SUD_REGIONS_MAX,
		.hints = sud_has_fred() ? 0 : SUD_HINT_FRAMES_LEAVE_FASTER,
	};

	return sud_uapi_write_info(&info, arg);
}

static long ioctl_status(struct file *file, void __user *arg)
{
	struct sud_status status = {
		.flags = sud_switch_allows() ? 0 : SUD_STATUS_OFF,
	};
	struct sud_counts sum;

	sud_counts_sum(&sum);
	status.armed = sum.armed;
	status.inherited = sum.inherited;
	status.disarmed = sum.disarmed;
	status.sigsys = sum.sigsys;
	status.upcalls = sum.upcalls;
	status.kills = sum.kills;
	status.notifies = sum.notifies;
	sud_hook_name(status.hook, sizeof(status.hook));

	return sud_uapi_write_status(&status, arg);
}

static const struct {
	unsigned int cmd;
	long (*fn)(struct file *file, void __user *arg);
} ioctls[] = {
	{ SUD_IOC_INFO, ioctl_info },
	{ SUD_IOC_SET, ioctl_set },
	{ SUD_IOC_GET, ioctl_get },
	{ SUD_IOC_REGIONS_ADD, sud_ioctl_regions_add },
	{ SUD_IOC_REGIONS_REMOVE, sud_ioctl_regions_remove },
	{ SUD_IOC_REGIONS_LIST, sud_ioctl_regions_list },
	{ SUD_IOC_GET_TASK, sud_ioctl_get_task },
	{ SUD_IOC_SET_TASK, sud_ioctl_set_task },
	{ SUD_IOC_LIST, sud_ioctl_list },
	{ SUD_IOC_STATUS, ioctl_status },
	{ SUD_IOC_LISTEN, sud_ioctl_listen },
	{ SUD_IOC_UNSYNCED, sud_ioctl_unsynced },
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
	.open = sud_file_open,
	.release = sud_file_release,
	.unlocked_ioctl = sud_ioctl,
	.mmap = sud_file_mmap,
	.show_fdinfo = sud_file_show,
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
