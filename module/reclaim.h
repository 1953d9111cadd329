/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SUD_RECLAIM_H
#define SUD_RECLAIM_H

#include <linux/workqueue.h>

int sud_reclaim_init(void);
void sud_reclaim_exit(void);

/*
 * sud_reclaim() - have memory freed after a grace period, where one may sleep
 * @work: part of what is to be freed
 * @free: frees it
 *
 * May be called where one may not sleep.
 */
void sud_reclaim(struct rcu_work *work, work_func_t free);

#endif /* SUD_RECLAIM_H */
