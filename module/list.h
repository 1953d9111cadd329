/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SUD_LIST_H
#define SUD_LIST_H

struct file;

/* SUD_IOC_LIST: see include/sud_uapi.h. */
long sud_ioctl_list(struct file *file, void __user *arg);

#endif /* SUD_LIST_H */
