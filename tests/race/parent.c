// SPDX-License-Identifier: GPL-2.0-only
/*
 * The natural parent of the workers, which traces none of them, asks for their
 * configuration and to change it, while tracers attach to them and let them go.
 * In the midst of an attach or a detach the kernel shows the parent as the tracer;
 * it must get nothing all the same.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "race.h"

/* Return: 0, or the errno of an ioctl on one thread. */
static int ask(int fd, int tid, bool take)
{
	struct sud_config config = { .size = sizeof(config) };
	struct sud_task_config task = {
		.tid = tid,
		.flags = take ? SUD_TASK_TAKE_REGIONS | SUD_TASK_TAKE_LISTENER
			      : 0,
	};
	int r = take ? sud_get_task(fd, &task, &config)
		     : sud_set_task(fd, &task, &config);

	return r ? errno : 0;
}

void parent_asks(struct slot *slot, int thread)
{
	int tid = slot->beat[thread].tid, fd, err;

	if (slot->role != R_WORKER || !slot->pid || !tid)
		return;
	fd = sud_open();
	/* The module may be on its way out or in. */
	if (fd < 0)
		return;
	for (int i = 0; i < 40; i++) {
		err = ask(fd, tid, i & 1);
		if (err != EPERM && err != ESRCH)
			failure("a parent that traces nobody asked for a thread",
				err, EPERM, slot);
		count(asked);
	}
	close(fd);
}
