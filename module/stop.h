/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SUD_STOP_H
#define SUD_STOP_H

struct task_struct;

int sud_stop_hold(struct task_struct *task, unsigned long *flags);
void sud_stop_let_go(struct task_struct *task, unsigned long flags);

#endif /* SUD_STOP_H */
