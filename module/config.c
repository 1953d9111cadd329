// SPDX-License-Identifier: GPL-2.0-only
/*
 * The checks of what user space asks for, whichever way it asks.
 */
#include <linux/compat.h>
#include <linux/sched.h>
#include <linux/uaccess.h>

#include "config.h"
#include "task.h"

/* Every address that user space gives must lie in it. */
static bool user_range_ok(u64 addr, size_t len, bool user32)
{
	if (user32 && addr > U32_MAX + 1ULL - len)
		return false;
	return access_ok((void __user *)(uintptr_t)addr, len);
}

static int check_flags(const struct sud_config *config, bool user32)
{
	u32 flags = config->flags;

	if (flags & ~SUD_CONFIG_FLAGS)
		return -EINVAL;
	if (flags & SUD_FLAG_AUTO_ALLOW && !config->selector)
		return -EINVAL;
	if (flags & SUD_FLAG_REGIONS && (config->offset || config->len))
		return -EINVAL;
	if (flags & SUD_FLAG_SELECTOR_FS &&
	    (user32 || !(config->selector || config->upcall_frame)))
		return -EINVAL;
	return 0;
}

static int check_delivery(const struct sud_config *config)
{
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
	return 0;
}

/* Native SUD's checks, in native SUD's order. */
static int check_mode(const struct sud_config *config)
{
	u64 end = config->offset + config->len;

	switch (config->mode) {
	case SUD_MODE_OFF:
		if (config->offset || config->len || config->selector ||
		    config->delivery || config->flags)
			return -EINVAL;
		break;
	case SUD_MODE_EXCLUSIVE:
		if (config->offset && end <= config->offset)
			return -EINVAL;
		break;
	case SUD_MODE_INCLUSIVE:
		if (config->flags & SUD_FLAG_REGIONS)
			break;
		if (!config->len || end <= config->offset)
			return -EINVAL;
		break;
	default:
		return -EINVAL;
	}
	return 0;
}

/* What is relative to the FS base is checked when it is used. */
static int check_addresses(const struct sud_config *config, bool user32)
{
	bool absolute = !(config->flags & SUD_FLAG_SELECTOR_FS);

	if (absolute && config->selector &&
	    !user_range_ok(config->selector, 1, user32))
		return -EFAULT;
	if (config->upcall_entry &&
	    !user_range_ok(config->upcall_entry, 1, user32))
		return -EFAULT;
	if (absolute && config->upcall_frame &&
	    !user_range_ok(config->upcall_frame, sizeof(u64), user32))
		return -EFAULT;
	return 0;
}

static int check(const struct sud_config *config, bool user32)
{
	int err;

	err = check_flags(config, user32);
	if (!err)
		err = check_delivery(config);
	if (!err)
		err = check_mode(config);
	if (!err)
		err = check_addresses(config, user32);
	return err;
}

/**
 * sud_config_apply() - arm, re-arm or disarm a thread
 * @task: see sud_task_set()
 * @config: unchecked
 * @set: for SUD_FLAG_REGIONS; the caller has a reference, and keeps it. NULL
 *	where there cannot be one
 * @user64: the thread's code is 64-bit code
 *
 * Return: 0 or an error of include/sud_uapi.h, and nothing has changed.
 */
int sud_config_apply(struct task_struct *task, const struct sud_config *config,
		     struct sud_region_set *set, bool user64)
{
	struct sud_task_state state = {
		.config = *config,
		.user64 = user64,
	};
	bool user32 = task == current ? in_compat_syscall() : !user64;
	int err;

	err = check(config, user32);
	if (err)
		return err;

	if (config->flags & SUD_FLAG_REGIONS)
		state.set = set;
	return sud_task_set(task, &state);
}

void __user *sud_config_pointer(u64 address)
{
	if (in_compat_syscall() && address > U32_MAX)
		address = TASK_SIZE_MAX;
	return (void __user *)(uintptr_t)address;
}

int sud_config_size(void __user *arg, u32 least, u32 *size)
{
	if (get_user(*size, (u32 __user *)arg))
		return -EFAULT;
	if (*size < least)
		return -EINVAL;
	return *size > PAGE_SIZE ? -E2BIG : 0;
}

int sud_config_put(void __user *arg, u32 size, const void *from, u32 known)
{
	if (copy_to_user(arg, from, min(size, known)))
		return -EFAULT;
	if (size > known && clear_user(arg + known, size - known))
		return -EFAULT;
	return 0;
}

int sud_config_read(struct sud_config *config, void __user *arg)
{
	u32 size;
	int err;

	err = sud_config_size(arg, SUD_CONFIG_SIZE_VER0, &size);
	if (!err)
		err = copy_struct_from_user(config, sizeof(*config), arg, size);
	/* Read twice, so it may have changed; nothing uses it. */
	config->size = sizeof(*config);
	return err;
}

int sud_config_write(struct sud_config *config, void __user *arg)
{
	u32 size;
	int err;

	BUILD_BUG_ON(sizeof(*config) != SUD_CONFIG_SIZE_VER0);

	err = sud_config_size(arg, SUD_CONFIG_SIZE_VER0, &size);
	if (err)
		return err;

	config->size = min_t(u32, size, sizeof(*config));
	return sud_config_put(arg, size, config, sizeof(*config));
}
