/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SUD_UNSYNCED_H
#define SUD_UNSYNCED_H

struct file;

/* SUD_IOC_UNSYNCED: see include/sud_uapi.h. */
long sud_ioctl_unsynced(struct file *file, void __user *arg);

#endif /* SUD_UNSYNCED_H */
