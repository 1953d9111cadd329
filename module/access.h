/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SUD_ACCESS_H
#define SUD_ACCESS_H

#include <linux/types.h>

struct task_struct;

int sud_access_init(void);
void sud_access_exit(void);

/*
 * sud_access_allows() - may the caller see another thread's addresses?
 *
 * May be called under rcu_read_lock(), with the thread's memory kept by that or by a
 * reference, and under no raw lock.
 */
bool sud_access_allows(struct task_struct *task);

#endif /* SUD_ACCESS_H */
