// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that is freed later: after a grace period, and by a thread that may
 * sleep, as what came from vmalloc() needs.
 */
#include <linux/rcupdate.h>

#include "reclaim.h"

static struct workqueue_struct *workqueue;

void sud_reclaim(struct rcu_work *work, work_func_t free)
{
	INIT_RCU_WORK(work, free);
	queue_rcu_work(workqueue, work);
}

int sud_reclaim_init(void)
{
	workqueue = alloc_workqueue("sud", WQ_UNBOUND, 0);
	return workqueue ? 0 : -ENOMEM;
}

/* Nothing new comes, but what came may still wait. */
void sud_reclaim_exit(void)
{
	rcu_barrier();
	destroy_workqueue(workqueue);
}
