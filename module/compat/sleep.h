/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A sleep in which a thread may be frozen as the machine is suspended, so that the
 * freezer need not wake it: a flag of the thread's state since 6.1, before that
 * another function to sleep by.
 */
#ifndef SUD_COMPAT_SLEEP_H
#define SUD_COMPAT_SLEEP_H

#include <linux/freezer.h>
#include <linux/sched.h>

#ifdef TASK_FREEZABLE
#define SUD_TASK_FREEZABLE TASK_FREEZABLE
#define sud_freezable_schedule() schedule()
#else
#define SUD_TASK_FREEZABLE 0
#define sud_freezable_schedule() freezable_schedule()
#endif

#endif /* SUD_COMPAT_SLEEP_H */
