// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/sud: the ioctl table, copy-in and checks. The errors and their order
 * are those of include/sud_uapi.h.
 */
#include <linux/compat.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/uaccess.h>

#include "compat/entry.h"
#include "task.h"

#define KNOWN_FLAGS (SUD_FLAG_AUTO_ALLOW | SUD_FLAG_SIGRETURN)

/* Every address that user space gives must lie in it. */
static bool user_range_ok(u64 addr, size_t len)
{
	if (in_compat_syscall() && addr > U32_MAX + 1ULL - len)
		return false;
	return access_ok((void __user *)(uintptr_t)addr, len);
}

static int check_delivery(const struct sud_config *config)
{
	if (config->flags & ~KNOWN_FLAGS)
		return -EINVAL;
	if (config->flags & SUD_FLAG_AUTO_ALLOW && !config->selector)
		return -EINVAL;

	switch (config->delivery) {
	case SUD_DELIVER_SIGSYS:
		if (config->upcall_entry || config->upcall_frame)
			return -EINVAL;
		break;
	case SUD_DELIVER_UPCALL:
		if (!config->upcall_entry)
			return -EINVAL;
		break;
	default:
		return -EINVAL;
	}

	if (config->mode == SUD_MODE_OFF && (config->delivery || config->flags))
		return -EINVAL;
	return 0;
}

/* Native SUD's checks, in native SUD's order. */
static int check_config(const struct sud_config *config)
{
	u64 end = config->offset + config->len;
	int err;

	err = check_delivery(config);
	if (err)
		return err;

	switch (config->mode) {
	case SUD_MODE_OFF:
		if (config->offset || config->len || config->selector)
			return -EINVAL;
		break;
	case SUD_MODE_EXCLUSIVE:
		if (config->offset && end <= config->offset)
			return -EINVAL;
		break;
	case SUD_MODE_INCLUSIVE:
		if (!config->len || end <= config->offset)
			return -EINVAL;
		break;
	default:
		return -EINVAL;
	}

	if (config->selector && !user_range_ok(config->selector, 1))
		return -EFAULT;
	if (config->upcall_entry && !user_range_ok(config->upcall_entry, 1))
		return -EFAULT;
	if (config->upcall_frame &&
	    !user_range_ok(config->upcall_frame, sizeof(u64)))
		return -EFAULT;
	return 0;
}

/* The size that a struct says it has, which is its first member. */
static int get_size(void __user *arg, u32 least, u32 *size)
{
	if (get_user(*size, (u32 __user *)arg))
		return -EFAULT;
	if (*size < least)
		return -EINVAL;
	return *size > PAGE_SIZE ? -E2BIG : 0;
}

static int ioctl_set(void __user *arg)
{
	struct sud_config config;
	u32 size;
	int err;

	err = get_size(arg, SUD_CONFIG_SIZE_VER0, &size);
	if (err)
		return err;
	err = copy_struct_from_user(&config, sizeof(config), arg, size);
	if (err)
		return err;
	/* Read twice, so it may have changed; nothing below uses it. */
	config.size = sizeof(config);

	err = check_config(&config);
	if (err)
		return err;

	if (sud_task_native())
		return -EBUSY;
	if (config.mode == SUD_MODE_OFF) {
		sud_task_clear();
		return 0;
	}
	return sud_task_set(&config);
}

/* What is known of a struct, and zeroes where user space knows more. */
static int put_struct(void __user *arg, u32 size, const void *from, u32 known)
{
	if (copy_to_user(arg, from, min(size, known)))
		return -EFAULT;
	if (size > known && clear_user(arg + known, size - known))
		return -EFAULT;
	return 0;
}

static int ioctl_get(void __user *arg)
{
	struct sud_config config;
	u32 size;
	int err;

	err = get_size(arg, SUD_CONFIG_SIZE_VER0, &size);
	if (err)
		return err;

	sud_task_get(&config);
	config.size = min_t(u32, size, sizeof(config));
	return put_struct(arg, size, &config, sizeof(config));
}

static int ioctl_info(void __user *arg)
{
	struct sud_info info = {
		.abi = SUD_ABI_VERSION,
		.modes = BIT(SUD_MODE_OFF) | BIT(SUD_MODE_EXCLUSIVE) |
			 BIT(SUD_MODE_INCLUSIVE),
		.deliveries = BIT(SUD_DELIVER_SIGSYS) | BIT(SUD_DELIVER_UPCALL),
		.flags = KNOWN_FLAGS,
		.native_modes = sud_entry_native_modes(),
	};
	u32 size;
	int err;

	err = get_size(arg, SUD_INFO_SIZE_VER0, &size);
	if (err)
		return err;

	info.size = min_t(u32, size, sizeof(info));
	return put_struct(arg, size, &info, sizeof(info));
}

static const struct {
	unsigned int cmd;
	int (*fn)(void __user *arg);
} ioctls[] = {
	{ SUD_IOC_INFO, ioctl_info },
	{ SUD_IOC_SET, ioctl_set },
	{ SUD_IOC_GET, ioctl_get },
};

static long sud_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(ioctls); i++)
		if (ioctls[i].cmd == cmd)
			return ioctls[i].fn((void __user *)arg);
	return -ENOTTY;
}

static const struct file_operations fops = {
	.owner = THIS_MODULE,
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

	BUILD_BUG_ON(sizeof(struct sud_config) != SUD_CONFIG_SIZE_VER0);
	BUILD_BUG_ON(sizeof(struct sud_info) != SUD_INFO_SIZE_VER0);

	err = misc_register(&device);
	if (err)
		pr_err("cannot make /dev/sud (%d)\n", err);
	return err;
}

void sud_dev_exit(void)
{
	misc_deregister(&device);
}
