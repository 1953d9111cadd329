/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SUD_NOTIFY_H
#define SUD_NOTIFY_H

#include "compat/gate.h"

struct pt_regs;
struct sud_task;

/* SUD_DELIVER_NOTIFY: wait for the listener's answer, and do as it says. */
enum sud_verdict sud_notify(struct pt_regs *regs, struct sud_task *st);

#endif /* SUD_NOTIFY_H */
