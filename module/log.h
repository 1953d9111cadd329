/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The module's lines in the kernel log. Include it last.
 */
#ifndef SUD_LOG_H
#define SUD_LOG_H

#undef pr_fmt
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/errno.h>
#include <linux/printk.h>

/* The end of a message about what keeps the module from loading. */
#define sud_hint(err)                         \
	((err) == -ENOMEM ? "memory is short" \
			  : "this kernel is not supported, see the README")

#endif /* SUD_LOG_H */
