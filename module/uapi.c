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
static_assert(sizeof(struct sud_unsynced) == SUD_UNSYNCED_SIZE_VER0);
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

/* Of a struct, as its caller says it. */
static int check_size(u32 size, u32 least)
{
	if (size < least)
		return -EINVAL;
	return size > PAGE_SIZE ? -E2BIG : 0;
}

static int read_size(void __user *arg, u32 least, u32 *size)
{
	if (get_user(*size, (u32 __user *)arg))
		return -EFAULT;
	return check_size(*size, least);
}

/*
 * @to becomes what the module knows of the struct, and its first member the size of what
 * both know: user code may have changed what it says there since it was read.
 */
static int read_struct(void *to, u32 known, void __user *arg, u32 least)
{
	u32 size;
	int err;

	err = read_size(arg, least, &size);
	if (!err)
		err = copy_struct_from_user(to, known, arg, size);
	if (!err)
		*(u32 *)to = min(size, known);
	return err;
}

static __always_inline int write_struct(void __user *arg, u32 size,
					const void *from, u32 known)
{
	/* Of a size that the compiler knows, which is not checked again each time. */
	if (likely(size == known))
		return copy_to_user(arg, from, known) ? -EFAULT : 0;

	if (copy_to_user(arg, from, min(size, known)))
		return -EFAULT;
	if (size > known && clear_user(arg + known, size - known))
		return -EFAULT;
	return 0;
}

/* The same for a struct whose first member is its size, which user code has filled in. */
static int write_sized(void *from, u32 known, void __user *arg, u32 least)
{
	u32 size;
	int err;

	err = read_size(arg, least, &size);
	if (err)
		return err;
	*(u32 *)from = min(size, known);
	return write_struct(arg, size, from, known);
}

int sud_uapi_read_config(struct sud_config *config, void __user *arg)
{
	int err =
		read_struct(config, sizeof(*config), arg, SUD_CONFIG_SIZE_VER0);

	config->size = sizeof(*config);
	return err;
}

int sud_uapi_write_config(struct sud_config *config, void __user *arg)
{
	return write_sized(config, sizeof(*config), arg, SUD_CONFIG_SIZE_VER0);
}

int sud_uapi_read_regions(struct sud_regions *args, void __user *arg)
{
	int err = read_struct(args, sizeof(*args), arg, SUD_REGIONS_SIZE_VER0);

	if (!err && args->flags)
		err = -EINVAL;
	return err;
}

int sud_uapi_read_task_config(struct sud_task_config *args, void __user *arg,
			      u32 known)
{
	int err = read_struct(args, sizeof(*args), arg,
			      SUD_TASK_CONFIG_SIZE_VER0);

	if (!err && (args->reserved || args->flags & ~known))
		err = -EINVAL;
	return err;
}

int sud_uapi_write_info(struct sud_info *info, void __user *arg)
{
	return write_sized(info, sizeof(*info), arg, SUD_INFO_SIZE_VER0);
}

int sud_uapi_write_status(struct sud_status *status, void __user *arg)
{
	return write_sized(status, sizeof(*status), arg, SUD_STATUS_SIZE_VER0);
}

int sud_uapi_read_unsynced(struct sud_unsynced *args, void __user *arg)
{
	int err = read_struct(args, sizeof(*args), arg, SUD_UNSYNCED_SIZE_VER0);

	if (!err && (args->flags || !args->count))
		err = -EINVAL;
	return err;
}

int sud_uapi_read_list(struct sud_list *args, void __user *arg)
{
	int err = read_struct(args, sizeof(*args), arg, SUD_LIST_SIZE_VER0);

	if (err)
		return err;
	if (args->flags || !args->count || args->cursor > INT_MAX)
		return -EINVAL;
	return check_size(args->entry_size, SUD_LIST_ENTRY_SIZE_VER0);
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
	int err = read_struct(args, sizeof(*args), arg, SUD_LISTEN_SIZE_VER0);

	if (!err && args->flags & ~SUD_LISTEN_KILLABLE)
		err = -EINVAL;
	return err;
}

int sud_uapi_read_serve(struct sud_serve *args, void __user *arg)
{
	int err = read_struct(args, sizeof(*args), arg, SUD_SERVE_SIZE_VER0);

	if (!err && args->flags)
		err = -EINVAL;
	if (!err && args->answer_count)
		err = check_size(args->answer_size, SUD_ANSWER_SIZE_VER0);
	if (!err && args->call_count)
		err = check_size(args->call_size, SUD_NOTIFICATION_SIZE_VER0);
	return err;
}

int sud_uapi_read_answer(struct sud_answer *answer, void __user *from, u32 size)
{
	int err;

	/* Most of it are the registers, which most answers leave alone. */
	if (copy_from_user(answer, from, SUD_ANSWER_SIZE_VER0))
		return -EFAULT;
	if (size <= sizeof(*answer) && !(answer->flags & SUD_ANSWER_REGS))
		return 0;

	err = copy_struct_from_user(answer, sizeof(*answer), from, size);
	if (!err && answer->flags & SUD_ANSWER_REGS && size < sizeof(*answer))
		err = -EINVAL;
	return err;
}

int sud_uapi_write_call(const struct sud_notification *call, void __user *to,
			u32 size)
{
	return write_struct(to, size, call, sizeof(*call));
}
