/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SUD_REGION_IOCTLS_H
#define SUD_REGION_IOCTLS_H

#include <linux/compiler.h>

struct file;

long sud_ioctl_regions_add(struct file *file, void __user *arg);
long sud_ioctl_regions_remove(struct file *file, void __user *arg);
long sud_ioctl_regions_list(struct file *file, void __user *arg);

#endif /* SUD_REGION_IOCTLS_H */
