// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a blocked call gets, but for the commonest upcall, which is in deliver.h.
 */
#include <linux/ptrace.h>
#include <asm/syscall.h>

#include "count.h"
#include "deliver.h"
#include "notify.h"

/* The registers as at the instruction, and SIGSYS as native SUD sends it. */
static noinline enum sud_verdict deliver_sigsys(struct pt_regs *regs,
						struct sud_task *st)
{
	sud_count(sigsys);
	sud_force_sigsys(regs);
	sud_gate_hide(&st->resume, true);
	return SUD_VERDICT_SKIP;
}

/* What this call gets, which is not always what its thread asked for. */
static u32 delivery_of(struct pt_regs *regs, const struct sud_task *st)
{
	if (st->config.delivery == SUD_DELIVER_UPCALL &&
	    unlikely(!sud_upcall_possible(regs, st)))
		return SUD_DELIVER_SIGSYS;
	return st->config.delivery;
}

enum sud_verdict sud_deliver_other(struct pt_regs *regs, struct sud_task *st)
{
	switch (delivery_of(regs, st)) {
	case SUD_DELIVER_UPCALL:
		return sud_upcall(regs, st);
	case SUD_DELIVER_NOTIFY:
		return sud_notify(regs, st);
	}
	return deliver_sigsys(regs, st);
}

noinline enum sud_verdict sud_deliver_traced(struct pt_regs *regs,
					     struct sud_task *st)
{
	trace_sud_dispatch(regs, delivery_of(regs, st));
	return sud_deliver_untraced(regs, st, SUD_AT_ANY,
				    sud_upcall_is_fast(st, SUD_AT_ANY));
}
