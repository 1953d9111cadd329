/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SUD_SIGRETURN_H
#define SUD_SIGRETURN_H

#include <linux/types.h>

struct pt_regs;
struct sud_task;

/* SUD_FLAG_SIGRETURN: the call returns from a SIGSYS that the module sent. */
bool sud_sigreturn_exempt(struct pt_regs *regs, const struct sud_task *st);

#endif /* SUD_SIGRETURN_H */
