// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * SUD_UPCALL_INHERIT: a handler for the process, its threads and its children.
 *
 * A thread that inherits its arming may make its first call before it has anything of
 * its own: a raw clone() gives it its parent's FS or none, vfork() its parent's memory
 * and stack, and nobody in user mode runs ahead of it. So nothing that a call needs is
 * found by FS or by the thread's number:
 *   the handler is a variable of the process, and a forked child has a copy;
 *   whether the handler calls or the guest is told by where the call is made,
 *	see calls.S, and there is no selector. A byte of the process could not say it
 *	for each thread; one at a fixed distance from FS is missing where FS is not set,
 *	and shared where it is shared, as after vfork;
 *   the stack is the guest's: a stack of the thread's own would have to be found.
 */
#include <errno.h>

#include "internal.h"

HIDDEN sud_handler sud_process_handler;

/* Not more than these two: all that is the program's, and the library's calls. */
static long add_ranges(int fd, const struct sud_options *o)
{
	const struct sud_range ranges[] = {
		{ o->offset, o->len },
		{ (uintptr_t)sud_calls, sud_calls_end - sud_calls },
	};
	const struct sud_regions regions = { .size = sizeof(regions),
					     .ranges = (uintptr_t)ranges,
					     .count = 2 };

	return sud_raw_call(SYS_ioctl, fd, SUD_IOC_REGIONS_ADD, (long)&regions,
			    0, 0, 0);
}

static bool holds_calls(const struct sud_options *o)
{
	return o->offset < (uintptr_t)sud_calls_end &&
	       (uintptr_t)sud_calls < o->offset + o->len;
}

static long arm(int fd, const struct sud_options *o)
{
	struct sud_config config = sud_config_of(o);
	long err;

	config.flags = SUD_FLAG_INHERIT_THREAD | SUD_FLAG_INHERIT_FORK;
	config.upcall_entry = o->flags & SUD_UPCALL_NO_VECTORS
				      ? (uintptr_t)sud_process_entry
				      : (uintptr_t)sud_process_entry_vectors;
	if (sud_gives_region(o)) {
		err = add_ranges(fd, o);
		if (err)
			return err;
		config.flags |= SUD_FLAG_REGIONS;
		config.offset = 0;
		config.len = 0;
	}
	/* Its own calls run from here on, as they lie in sud_calls. */
	if (!(o->flags & SUD_UPCALL_ALL_THREADS))
		return sud_device_set(fd, &config);
	err = sud_threads_set(fd, &config);
	if (err)
		sud_threads_set(fd, &sud_config_off);
	return err;
}

long sud_process_install(sud_handler handler, const struct sud_options *o)
{
	sud_handler old = sud_process_handler;
	long fd, err;

	if (!(o->flags & SUD_UPCALL_INHERIT) || o->stack)
		return -EINVAL;
	/* The handler's own calls would be blocked, and its handler's, and so on. */
	if (o->mode == SUD_MODE_INCLUSIVE && holds_calls(o))
		return -EINVAL;
	fd = sud_device_open();
	if (fd < 0)
		return fd;
	sud_process_handler = handler;
	err = arm(fd, o);
	if (err && old)
		sud_process_handler = old;
	sud_device_close(fd);
	return err;
}
