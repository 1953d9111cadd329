/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Another thread's configuration, for its tracer.
 */
#ifndef SUD_TRACEE_H
#define SUD_TRACEE_H

struct file;

long sud_ioctl_get_task(struct file *file, void __user *arg);
long sud_ioctl_set_task(struct file *file, void __user *arg);

#endif /* SUD_TRACEE_H */
