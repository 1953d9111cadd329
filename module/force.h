/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Signals that a thread cannot refuse, for the calling thread.
 */
#ifndef SUD_FORCE_H
#define SUD_FORCE_H

#include "compat/gate.h"
#include "why.h"

struct pt_regs;
struct sud_task;

void sud_force_sigsys(struct pt_regs *regs);
/* A debugger's single step ends here. */
void sud_force_step(struct pt_regs *regs);
/* The whole process dies by @sig. Return: the verdict on the call. */
enum sud_verdict sud_force_death(struct sud_task *st, int sig,
				 enum sud_death reason);

/* The call is skipped, and user code goes on without a signal. */
static inline enum sud_verdict sud_skip_quietly(struct pt_regs *regs,
						struct sud_resume *resume)
{
	sud_gate_hide(resume, false);
	if (unlikely(sud_gate_stepped()))
		sud_force_step(regs);
	return SUD_VERDICT_SKIP;
}

#endif /* SUD_FORCE_H */
