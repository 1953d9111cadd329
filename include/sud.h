/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * Inline wrappers of the ioctls of /dev/sud, so that a C or C++ program needs no
 * library. sud_uapi.h, included here, holds the ABI and says what each ioctl
 * takes and which errors it gives.
 */
#ifndef _SUD_H
#define _SUD_H

#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>

#include "sud_uapi.h"

/* <fcntl.h> hides O_CLOEXEC under -std=c99 and the like; the value is Linux's. */
#ifdef O_CLOEXEC
#define SUD_O_CLOEXEC O_CLOEXEC
#else
#define SUD_O_CLOEXEC 02000000
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* The wrappers return what the call below them does: -1 and errno on error. */

static __inline__ int sud_open(void)
{
	return open(SUD_DEVICE, O_RDWR | SUD_O_CLOEXEC);
}

static __inline__ int sud_info(int fd, struct sud_info *info)
{
	memset(info, 0, sizeof(*info));
	info->size = sizeof(*info);
	return ioctl(fd, SUD_IOC_INFO, info);
}

static __inline__ int sud_status(int fd, struct sud_status *status)
{
	memset(status, 0, sizeof(*status));
	status->size = sizeof(*status);
	return ioctl(fd, SUD_IOC_STATUS, status);
}

/*
 * The armed threads from *cursor on, which is 0 at first, and again when there are
 * no more. Return: how many entries were filled in, or -1.
 */
static __inline__ int sud_list(int fd, struct sud_list_entry *entries,
			       __u32 count, __u64 *cursor)
{
	struct sud_list list;

	memset(&list, 0, sizeof(list));
	list.size = sizeof(list);
	list.entries = (__u64)(__UINTPTR_TYPE__)entries;
	list.count = count;
	list.entry_size = sizeof(*entries);
	list.cursor = *cursor;
	if (ioctl(fd, SUD_IOC_LIST, &list))
		return -1;
	*cursor = list.cursor;
	return (int)list.count;
}

/* The threads of the process that are not armed as this one. Return: how many, or -1. */
static __inline__ int sud_unsynced(int fd, __s32 *tids, __u32 count)
{
	struct sud_unsynced unsynced;

	memset(&unsynced, 0, sizeof(unsynced));
	unsynced.size = sizeof(unsynced);
	unsynced.tids = (__u64)(__UINTPTR_TYPE__)tids;
	unsynced.count = count;
	if (ioctl(fd, SUD_IOC_UNSYNCED, &unsynced))
		return -1;
	return (int)unsynced.count;
}

static __inline__ int sud_set(int fd, const struct sud_config *config)
{
	return ioctl(fd, SUD_IOC_SET, config);
}

static __inline__ int sud_get(int fd, struct sud_config *config)
{
	memset(config, 0, sizeof(*config));
	config->size = sizeof(*config);
	return ioctl(fd, SUD_IOC_GET, config);
}

/* Arm the calling thread; blocked calls come as SIGSYS. As the prctl does. */
static __inline__ int sud_arm(int fd, __u32 mode, __u64 offset, __u64 len,
			      const volatile void *selector)
{
	struct sud_config config;

	memset(&config, 0, sizeof(config));
	config.size = sizeof(config);
	config.mode = mode;
	config.offset = offset;
	config.len = len;
	config.selector = (__u64)(__UINTPTR_TYPE__)selector;
	return sud_set(fd, &config);
}

static __inline__ int sud_disarm(int fd)
{
	return sud_arm(fd, SUD_MODE_OFF, 0, 0, 0);
}

static __inline__ int sud_regions(int fd, unsigned long request,
				  struct sud_range *ranges, __u64 *count)
{
	struct sud_regions regions;
	int ret;

	memset(&regions, 0, sizeof(regions));
	regions.size = sizeof(regions);
	regions.ranges = (__u64)(__UINTPTR_TYPE__)ranges;
	regions.count = *count;
	ret = ioctl(fd, request, &regions);
	*count = regions.count;
	return ret;
}

static __inline__ int sud_regions_add(int fd, const struct sud_range *ranges,
				      __u64 count)
{
	return sud_regions(fd, SUD_IOC_REGIONS_ADD, (struct sud_range *)ranges,
			   &count);
}

static __inline__ int sud_regions_remove(int fd, const struct sud_range *ranges,
					 __u64 count)
{
	return sud_regions(fd, SUD_IOC_REGIONS_REMOVE,
			   (struct sud_range *)ranges, &count);
}

/* *count: in, room in ranges; out, how many ranges the set has. */
static __inline__ int sud_regions_list(int fd, struct sud_range *ranges,
				       __u64 *count)
{
	return sud_regions(fd, SUD_IOC_REGIONS_LIST, ranges, count);
}

/* The caller fills in tid and flags, and for sud_set_task() set and *config. */
static __inline__ int sud_get_task(int fd, struct sud_task_config *task,
				   struct sud_config *config)
{
	memset(config, 0, sizeof(*config));
	config->size = sizeof(*config);
	task->size = sizeof(*task);
	task->config = (__u64)(__UINTPTR_TYPE__)config;
	return ioctl(fd, SUD_IOC_GET_TASK, task);
}

static __inline__ int sud_set_task(int fd, struct sud_task_config *task,
				   const struct sud_config *config)
{
	task->size = sizeof(*task);
	task->config = (__u64)(__UINTPTR_TYPE__)config;
	return ioctl(fd, SUD_IOC_SET_TASK, task);
}

/* Return: the descriptor of a new listener, or -1. */
static __inline__ int sud_listen(int fd, __u32 flags)
{
	struct sud_listen args;

	memset(&args, 0, sizeof(args));
	args.size = sizeof(args);
	args.flags = flags;
	return ioctl(fd, SUD_IOC_LISTEN, &args);
}

/*
 * Answers calls, and then takes some, if there is room for any. Return: how many were
 * taken, or -1.
 */
static __inline__ int sud_serve(int listener, struct sud_answer *answers,
				__u32 answer_count,
				struct sud_notification *calls,
				__u32 call_count)
{
	struct sud_serve args;

	memset(&args, 0, sizeof(args));
	args.size = sizeof(args);
	args.answers = (__u64)(__UINTPTR_TYPE__)answers;
	args.answer_count = answer_count;
	args.answer_size = sizeof(*answers);
	args.calls = (__u64)(__UINTPTR_TYPE__)calls;
	args.call_count = call_count;
	args.call_size = sizeof(*calls);
	return ioctl(listener, SUD_IOC_SERVE, &args);
}

/* Return: 0 when the call waits for an answer, else -1 and ENOENT. */
static __inline__ int sud_call_valid(int listener, __u64 id)
{
	return ioctl(listener, SUD_IOC_CALL_VALID, &id);
}

#ifdef __cplusplus
}
#endif

#endif /* _SUD_H */
