/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SUD_SERVE_H
#define SUD_SERVE_H

#include <linux/compiler.h>

struct file;

/* Of /dev/sud. Return: the new descriptor or an error. */
long sud_ioctl_listen(struct file *file, void __user *arg);

#endif /* SUD_SERVE_H */
