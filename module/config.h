/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What user space asks for, checked. The errors and their order are those of
 * include/sud_uapi.h.
 */
#ifndef SUD_CONFIG_H
#define SUD_CONFIG_H

#include "task.h"

/* Every flag there is. */
#define SUD_FLAGS_ALL                                                  \
	(SUD_FLAG_AUTO_ALLOW | SUD_FLAG_SIGRETURN | SUD_FLAG_REGIONS | \
	 SUD_FLAGS_WHERE | SUD_FLAGS_INHERIT | SUD_FLAGS_WAYS)

int sud_config_apply(struct task_struct *task, struct sud_setup *setup);

#endif /* SUD_CONFIG_H */
