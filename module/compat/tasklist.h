/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SUD_COMPAT_TASKLIST_H
#define SUD_COMPAT_TASKLIST_H

#include <linux/sched.h>
#include <linux/sched/signal.h>

/*
 * sud_tasklist_wait() - wait until who writes under tasklist_lock has let go
 *
 * The lock is not for modules. kill_pgrp() takes it for reading, so that on
 * return every section of a writer's that had begun before has ended and is
 * visible. Signal 0 is sent to nobody.
 */
static inline void sud_tasklist_wait(void)
{
	kill_pgrp(task_pid(current), 0, 1);
}

#endif /* SUD_COMPAT_TASKLIST_H */
