/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the parts of the module say to each other. main.c tells how they fit.
 */
#ifndef SUD_H
#define SUD_H

#ifndef __ASSEMBLER__

#undef pr_fmt
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/printk.h>
#include <linux/types.h>

/* The end of a message about what keeps the module from loading. */
#define sud_hint(err)                         \
	((err) == -ENOMEM ? "memory is short" \
			  : "this kernel is not supported, see the README")

struct pt_regs;
struct sud_task;
struct task_struct;

/* dispatch.c: called by entry.S; what it returns is said in compat/entry.h. */
long sud_dispatch(struct pt_regs *regs);

/* deliver.c: what a blocked call gets. They return what sud_dispatch() does. */
long sud_deliver(struct sud_task *st, struct pt_regs *regs);
long sud_deliver_death(struct sud_task *st, struct pt_regs *regs, int sig);
/* A debugger's single step ends here. */
void sud_deliver_step(struct pt_regs *regs);

/* sigreturn.c: an rt_sigreturn from a SIGSYS that the module sent. */
bool sud_sigreturn_exempt(const struct sud_task *st, struct pt_regs *regs);

/* entry.S */
void sud_entry(void);
void sud_entry_return(void);

/* hook.c: the only user of ftrace. */
int sud_hook_init(void);
void sud_hook_exit(void);

/* prctl.c: the kernel's own prctl, served by the module. */
int sud_prctl_init(void);
void sud_prctl_open(void);
void sud_prctl_exit(void);

/* lifecycle.c: fork, exec, exit. */
int sud_lifecycle_init(void);
void sud_lifecycle_exit(void);

/* dev.c: /dev/sud. */
int sud_dev_init(void);
void sud_dev_exit(void);

#endif /* __ASSEMBLER__ */
#endif /* SUD_H */
