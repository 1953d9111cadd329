/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What user space asks for, checked. The errors and their order are those of
 * include/sud_uapi.h.
 */
#ifndef SUD_CONFIG_H
#define SUD_CONFIG_H

#include "task.h"

/* Every flag there is. */
#define SUD_CONFIG_FLAGS                                               \
	(SUD_FLAG_AUTO_ALLOW | SUD_FLAG_SIGRETURN | SUD_FLAG_REGIONS | \
	 SUD_FLAG_SELECTOR_FS | SUD_TASK_INHERIT | SUD_TASK_ENTRY)

/* An address in a struct; where it must not be, using it gives EFAULT. */
void __user *sud_config_pointer(u64 address);
/* The size that a struct says it has, which is its first member. */
int sud_config_size(void __user *arg, u32 least, u32 *size);
/* What is known of a struct, and zeroes where user space knows more. */
int sud_config_put(void __user *arg, u32 size, const void *from, u32 known);

/* Read a struct sud_config; write one. */
int sud_config_read(struct sud_config *config, void __user *arg);
int sud_config_write(struct sud_config *config, void __user *arg);

int sud_config_apply(struct task_struct *task, const struct sud_config *config,
		     struct sud_region_set *set, bool user64);

#endif /* SUD_CONFIG_H */
