// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a blocked call gets, but for the commonest upcall, which is in deliver.h.
 */
#include <linux/ptrace.h>
#include <asm/syscall.h>

#include "deliver.h"

/* The registers as at the instruction, and SIGSYS as native SUD sends it. */
static enum sud_verdict deliver_sigsys(struct pt_regs *regs,
				       struct sud_task *st)
{
	sud_force_sigsys(regs);
	sud_gate_hide(&st->resume, true);
	return SUD_VERDICT_SKIP;
}

enum sud_verdict sud_deliver_other(struct pt_regs *regs, struct sud_task *st)
{
	if (st->config.delivery == SUD_DELIVER_UPCALL &&
	    likely(sud_upcall_possible(regs, st)))
		return sud_upcall(regs, st);

	return deliver_sigsys(regs, st);
}
