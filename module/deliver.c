// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a blocked call gets, but for the commonest upcall, which is in deliver.h.
 */
#include <linux/ptrace.h>
#include <asm/syscall.h>

#include "count.h"
#include "deliver.h"

/* The registers as at the instruction, and SIGSYS as native SUD sends it. */
static noinline enum sud_verdict deliver_sigsys(struct pt_regs *regs,
						struct sud_task *st)
{
	sud_count(sigsys);
	sud_force_sigsys(regs);
	sud_gate_hide(&st->resume, true);
	return SUD_VERDICT_SKIP;
}

static bool becomes_upcall(struct pt_regs *regs, const struct sud_task *st)
{
	return st->config.delivery == SUD_DELIVER_UPCALL &&
	       likely(sud_upcall_possible(regs, st));
}

enum sud_verdict sud_deliver_other(struct pt_regs *regs, struct sud_task *st)
{
	if (becomes_upcall(regs, st))
		return sud_upcall(regs, st);

	return deliver_sigsys(regs, st);
}

noinline enum sud_verdict sud_deliver_traced(struct pt_regs *regs,
					     struct sud_task *st)
{
	trace_sud_dispatch(regs, becomes_upcall(regs, st) ? SUD_DELIVER_UPCALL
							  : SUD_DELIVER_SIGSYS);
	return sud_deliver_untraced(regs, st, SUD_AT_ANY,
				    sud_upcall_is_fast(st, SUD_AT_ANY));
}
