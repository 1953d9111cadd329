// SPDX-License-Identifier: GPL-2.0-only
/*
 * The checks of what user space asks for, whichever way it asks.
 */
#include <linux/bitops.h>
#include <linux/compat.h>
#include <linux/err.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/uaccess.h>

#include "area.h"
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
	if (flags & SUD_FLAGS_SEGMENT && pointers_32bit)
		return -EINVAL;
	/* One of them only, and of something that is there. */
	if (flags & SUD_FLAGS_WHERE &&
	    (hweight32(flags & SUD_FLAGS_WHERE) > 1 ||
	     !(config->selector || config->upcall_frame)))
		return -EINVAL;
	/* A forked child has another area. */
	if (flags & SUD_FLAG_MAPPED && flags & SUD_FLAG_INHERIT_FORK)
		return -EINVAL;
	return 0;
}

static int check_delivery(const struct sud_config *config,
			  const struct sud_listener *listener)
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
	case SUD_DELIVER_NOTIFY:
		if (config->upcall_entry || config->upcall_frame || !listener ||
		    config->flags & SUD_FLAG_AUTO_ALLOW)
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

/* What is relative to a segment's base is checked when it is used. */
static int check_addresses(const struct sud_config *config, bool pointers_32bit)
{
	bool absolute = !(config->flags & SUD_FLAGS_SEGMENT);

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

static int check_setup(const struct sud_setup *setup, bool pointers_32bit)
{
	const struct sud_config *config = &setup->config;
	int err;

	err = check_flags(config, pointers_32bit);
	if (!err)
		err = check_delivery(config, setup->listener);
	if (!err)
		err = check_mode(config);
	if (!err && config->mode != SUD_MODE_OFF && !sud_switch_allows())
		err = -EPERM;
	if (!err)
		err = check_addresses(config, pointers_32bit);
	return err;
}

/*
 * Finds the control area in which an address lies. Return: a reference, or NULL
 * for address 0, or an error of sud_area_find().
 */
static struct sud_area *area_at(struct mm_struct *mm, u64 address, size_t len,
				unsigned long *base)
{
	return address ? sud_area_find(mm, address, len, base) : NULL;
}

/*
 * Finds the control area of selector and frames, for SUD_FLAG_MAPPED. Return: 0 or
 * an error of sud_area_find(); -ESRCH, when the thread has no memory any more and
 * is about to exit.
 */
static int find_area(struct task_struct *task, struct sud_setup *setup)
{
	const struct sud_config *config = &setup->config;
	struct mm_struct *mm = get_task_mm(task);
	unsigned long selector_base, frame_base;
	struct sud_area *selector, *frame;
	int err = 0;

	if (!mm)
		return -ESRCH;
	selector = area_at(mm, config->selector, 1, &selector_base);
	frame = area_at(mm, config->upcall_frame, sizeof(u64), &frame_base);
	mmput(mm);

	if (IS_ERR(selector))
		err = PTR_ERR(selector);
	else if (IS_ERR(frame))
		err = PTR_ERR(frame);
	else if (selector && frame &&
		 (selector != frame || selector_base != frame_base))
		err = -EFAULT;

	if (!err) {
		setup->area = sud_area_get(selector ?: frame);
		setup->area_base = selector ? selector_base : frame_base;
	}
	if (!IS_ERR(selector))
		sud_area_put(selector);
	if (!IS_ERR(frame))
		sud_area_put(frame);
	return err;
}

/**
 * sud_config_apply() - arm, re-arm or disarm a thread
 * @task: see sud_task_set()
 * @setup: its configuration unchecked. The set is there with SUD_FLAG_REGIONS, and
 *	the listener, if there is one, with SUD_DELIVER_NOTIFY. This adds the area. The
 *	caller calls sud_setup_put()
 *
 * Return: 0 or an error of include/sud_uapi.h, and nothing has changed.
 */
int sud_config_apply(struct task_struct *task, struct sud_setup *setup)
{
	/* x32 has 64-bit code and 32-bit pointers; SET_TASK cannot tell it apart. */
	bool pointers_32bit = task == current ? in_compat_syscall()
					      : !setup->code_64bit;
	int err;

	err = check_setup(setup, pointers_32bit);
	if (!err && setup->config.flags & SUD_FLAG_MAPPED)
		err = find_area(task, setup);
	return err ?: sud_task_set(task, setup);
}
