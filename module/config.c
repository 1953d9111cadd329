// SPDX-License-Identifier: GPL-2.0-only
/*
 * The checks of what user space asks for, whichever way it asks.
 */
#include <linux/compat.h>
#include <linux/sched.h>
#include <linux/uaccess.h>

#include "config.h"
#include "switch.h"
#include "task.h"

/* Every address that user space gives must lie in it. */
static bool user_range_ok(u64 addr, size_t len, bool pointers_32bit)
{
	if (pointers_32bit && addr > U32_MAX + 1ULL - len)
		return false;
	return access_ok((void __user *)(uintptr_t)addr, len);
}

static int check_flags(const struct sud_config *config, bool pointers_32bit)
{
	u32 flags = config->flags;

	if (flags & ~SUD_FLAGS_ALL)
		return -EINVAL;
	if (flags & SUD_FLAG_AUTO_ALLOW && !config->selector)
		return -EINVAL;
	if (flags & SUD_FLAG_REGIONS && (config->offset || config->len))
		return -EINVAL;
	if (flags & SUD_FLAG_SELECTOR_FS &&
	    (pointers_32bit || !(config->selector || config->upcall_frame)))
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
static int check_addresses(const struct sud_config *config, bool pointers_32bit)
{
	bool absolute = !(config->flags & SUD_FLAG_SELECTOR_FS);

	if (absolute && config->selector &&
	    !user_range_ok(config->selector, 1, pointers_32bit))
		return -EFAULT;
	if (config->upcall_entry &&
	    !user_range_ok(config->upcall_entry, 1, pointers_32bit))
		return -EFAULT;
	if (absolute && config->upcall_frame &&
	    !user_range_ok(config->upcall_frame, sizeof(u64), pointers_32bit))
		return -EFAULT;
	return 0;
}

static int check_config(const struct sud_config *config, bool pointers_32bit)
{
	int err;

	err = check_flags(config, pointers_32bit);
	if (!err)
		err = check_delivery(config);
	if (!err)
		err = check_mode(config);
	if (!err && config->mode != SUD_MODE_OFF && !sud_switch_allows())
		err = -EPERM;
	if (!err)
		err = check_addresses(config, pointers_32bit);
	return err;
}

/**
 * sud_config_apply() - arm, re-arm or disarm a thread
 * @task: see sud_task_set()
 * @config: unchecked
 * @set: for SUD_FLAG_REGIONS; the caller has a reference, and keeps it. NULL
 *	where there cannot be one
 * @code_64bit: the thread's code is 64-bit code
 *
 * Return: 0 or an error of include/sud_uapi.h, and nothing has changed.
 */
int sud_config_apply(struct task_struct *task, const struct sud_config *config,
		     struct sud_region_set *set, bool code_64bit)
{
	struct sud_setup setup = {
		.config = *config,
		.code_64bit = code_64bit,
	};
	/* x32 has 64-bit code and 32-bit pointers; SET_TASK cannot tell it apart. */
	bool pointers_32bit = task == current ? in_compat_syscall()
					      : !code_64bit;
	int err;

	err = check_config(config, pointers_32bit);
	if (err)
		return err;

	if (config->flags & SUD_FLAG_REGIONS)
		setup.set = set;
	return sud_task_set(task, &setup);
}
