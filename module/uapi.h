/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The structs of include/sud_uapi.h, copied in and out. Each function returns 0
 * or an error that sud_uapi.h names for a size, a flag or an address.
 */
#ifndef SUD_UAPI_H
#define SUD_UAPI_H

#include <linux/compiler.h>
#include <linux/types.h>
#include <sud_uapi.h>

/* An address in a struct. One that must not be gives EFAULT when it is used. */
void __user *sud_uapi_pointer(u64 address);

int sud_uapi_read_config(struct sud_config *config, void __user *arg);
int sud_uapi_write_config(struct sud_config *config, void __user *arg);
int sud_uapi_write_info(struct sud_info *info, void __user *arg);
int sud_uapi_write_status(struct sud_status *status, void __user *arg);
int sud_uapi_read_regions(struct sud_regions *args, void __user *arg);
/* @known: the flags that the ioctl takes */
int sud_uapi_read_task_config(struct sud_task_config *args, void __user *arg,
			      u32 known);
int sud_uapi_read_listen(struct sud_listen *args, void __user *arg);
int sud_uapi_read_serve(struct sud_serve *args, void __user *arg);
/* @size: sud_serve.answer_size and call_size */
int sud_uapi_read_answer(struct sud_answer *answer, void __user *from,
			 u32 size);
int sud_uapi_write_call(const struct sud_notification *call, void __user *to,
			u32 size);
int sud_uapi_read_unsynced(struct sud_unsynced *args, void __user *arg);
int sud_uapi_read_list(struct sud_list *args, void __user *arg);
/* @size: sud_list.entry_size */
int sud_uapi_write_entry(struct sud_list_entry *entry, void __user *to,
			 u32 size);

#endif /* SUD_UAPI_H */
