/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Another thread's configuration, for its tracer.
 */
#ifndef SUD_TRACEE_H
#define SUD_TRACEE_H

struct file;
struct task_struct;

int sud_tracee_hold(struct task_struct *task, unsigned long *flags);
void sud_tracee_let_go(struct task_struct *task, unsigned long flags);
long sud_tracee_get(struct file *file, void __user *arg);
long sud_tracee_set(struct file *file, void __user *arg);

#endif /* SUD_TRACEE_H */
