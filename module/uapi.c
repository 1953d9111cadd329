// SPDX-License-Identifier: GPL-2.0-only
/*
 * The structs of include/sud_uapi.h, copied in and out. The first member of each
 * is its size, so that old programs and new modules, and new programs and old
 * modules, understand each other.
 */
#include <linux/build_bug.h>
#include <linux/compat.h>
#include <linux/sched.h>
#include <linux/uaccess.h>

#include "uapi.h"

static_assert(sizeof(struct sud_config) == SUD_CONFIG_SIZE_VER0);
static_assert(sizeof(struct sud_info) == SUD_INFO_SIZE_VER0);
static_assert(sizeof(struct sud_regions) == SUD_REGIONS_SIZE_VER0);
static_assert(sizeof(struct sud_task_config) == 40);
static_assert(sizeof(struct sud_list_entry) == SUD_LIST_ENTRY_SIZE_VER0);
static_assert(sizeof(struct sud_list) == SUD_LIST_SIZE_VER0);
static_assert(sizeof(struct sud_status) == 128);
static_assert(offsetof(struct sud_status, notifies) == SUD_STATUS_SIZE_VER0);
static_assert(sizeof(struct sud_listen) == SUD_LISTEN_SIZE_VER0);
static_assert(sizeof(struct sud_notification) == SUD_NOTIFICATION_SIZE_VER0);
static_assert(offsetof(struct sud_answer, regs) == SUD_ANSWER_SIZE_VER0);
static_assert(sizeof(struct sud_serve) == SUD_SERVE_SIZE_VER0);
static_assert(sizeof(struct sud_upcall_frame) == 32);
static_assert(sizeof(struct sud_range) == 16);

void __user *sud_uapi_pointer(u64 address)
{
	if (in_compat_syscall() && address > U32_MAX)
		address = TASK_SIZE_MAX;
	return (void __user *)(uintptr_t)address;
}

static int read_size(void __user *arg, u32 least, u32 *size)
{
	if (get_user(*size, (u32 __user *)arg))
		return -EFAULT;
	if (*size < least)
		return -EINVAL;
	return *size > PAGE_SIZE ? -E2BIG : 0;
}

static int write_struct(void __user *arg, u32 size, const void *from, u32 known)
{
	if (copy_to_user(arg, from, min(size, known)))
		return -EFAULT;
	if (size > known && clear_user(arg + known, size - known))
		return -EFAULT;
	return 0;
}

int sud_uapi_read_config(struct sud_config *config, void __user *arg)
{
	u32 size;
	int err;

	err = read_size(arg, SUD_CONFIG_SIZE_VER0, &size);
	if (!err)
		err = copy_struct_from_user(config, sizeof(*config), arg, size);
	/* Read twice, so it may have changed; nothing uses it. */
	config->size = sizeof(*config);
	return err;
}

int sud_uapi_write_config(struct sud_config *config, void __user *arg)
{
	u32 size;
	int err;

	err = read_size(arg, SUD_CONFIG_SIZE_VER0, &size);
	if (err)
		return err;

	config->size = min_t(u32, size, sizeof(*config));
	return write_struct(arg, size, config, sizeof(*config));
}

int sud_uapi_read_regions(struct sud_regions *args, void __user *arg)
{
	u32 size;
	int err;

	err = read_size(arg, SUD_REGIONS_SIZE_VER0, &size);
	if (!err)
		err = copy_struct_from_user(args, sizeof(*args), arg, size);
	if (!err && args->flags)
		err = -EINVAL;
	return err;
}

int sud_uapi_read_task_config(struct sud_task_config *args, void __user *arg,
			      u32 known)
{
	u32 size;
	int err;

	err = read_size(arg, SUD_TASK_CONFIG_SIZE_VER0, &size);
	if (!err)
		err = copy_struct_from_user(args, sizeof(*args), arg, size);
	if (err)
		return err;
	args->size = min_t(u32, size, sizeof(*args));
	return args->reserved || args->flags & ~known ? -EINVAL : 0;
}

int sud_uapi_write_info(struct sud_info *info, void __user *arg)
{
	u32 size;
	int err;

	err = read_size(arg, SUD_INFO_SIZE_VER0, &size);
	if (err)
		return err;

	info->size = min_t(u32, size, sizeof(*info));
	return write_struct(arg, size, info, sizeof(*info));
}

int sud_uapi_write_status(struct sud_status *status, void __user *arg)
{
	u32 size;
	int err;

	err = read_size(arg, SUD_STATUS_SIZE_VER0, &size);
	if (err)
		return err;

	status->size = min_t(u32, size, sizeof(*status));
	return write_struct(arg, size, status, sizeof(*status));
}

int sud_uapi_read_list(struct sud_list *args, void __user *arg)
{
	u32 size;
	int err;

	err = read_size(arg, SUD_LIST_SIZE_VER0, &size);
	if (!err)
		err = copy_struct_from_user(args, sizeof(*args), arg, size);
	if (err)
		return err;
	args->size = min_t(u32, size, sizeof(*args));
	if (args->flags || !args->count || args->cursor > INT_MAX ||
	    args->entry_size < SUD_LIST_ENTRY_SIZE_VER0)
		return -EINVAL;
	return args->entry_size > PAGE_SIZE ? -E2BIG : 0;
}

int sud_uapi_write_entry(struct sud_list_entry *entry, void __user *to,
			 u32 size)
{
	/* What of the config fits, and so was filled in. */
	entry->config.size = min_t(u32, size, sizeof(*entry)) -
			     offsetof(struct sud_list_entry, config);
	return write_struct(to, size, entry, sizeof(*entry));
}

int sud_uapi_read_listen(struct sud_listen *args, void __user *arg)
{
	u32 size;
	int err;

	err = read_size(arg, SUD_LISTEN_SIZE_VER0, &size);
	if (!err)
		err = copy_struct_from_user(args, sizeof(*args), arg, size);
	if (!err && args->flags & ~SUD_LISTEN_KILLABLE)
		err = -EINVAL;
	return err;
}

static int check_entry_size(u32 size, u32 least)
{
	if (size < least)
		return -EINVAL;
	return size > PAGE_SIZE ? -E2BIG : 0;
}

int sud_uapi_read_serve(struct sud_serve *args, void __user *arg)
{
	u32 size;
	int err;

	err = read_size(arg, SUD_SERVE_SIZE_VER0, &size);
	if (!err)
		err = copy_struct_from_user(args, sizeof(*args), arg, size);
	if (!err && args->flags)
		err = -EINVAL;
	if (!err && args->answer_count)
		err = check_entry_size(args->answer_size, SUD_ANSWER_SIZE_VER0);
	if (!err && args->call_count)
		err = check_entry_size(args->call_size,
				       SUD_NOTIFICATION_SIZE_VER0);
	return err;
}

int sud_uapi_read_answer(struct sud_answer *answer, void __user *from, u32 size)
{
	int err = copy_struct_from_user(answer, sizeof(*answer), from, size);

	if (!err && answer->flags & SUD_ANSWER_REGS && size < sizeof(*answer))
		err = -EINVAL;
	return err;
}

int sud_uapi_write_call(const struct sud_notification *call, void __user *to,
			u32 size)
{
	return write_struct(to, size, call, sizeof(*call));
}
