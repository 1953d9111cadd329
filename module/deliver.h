/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a blocked call gets: an upcall, a listener's answer, or SIGSYS.
 */
#ifndef SUD_DELIVER_H
#define SUD_DELIVER_H

#include <linux/uaccess.h>

#include "compat/gate.h"
#include "force.h"
#include "task.h"
#include "trace.h"
#include "upcall.h"

enum sud_verdict sud_deliver_other(struct pt_regs *regs, struct sud_task *st);
/* As sud_deliver(), while its tracepoint is on. */
enum sud_verdict sud_deliver_traced(struct pt_regs *regs, struct sud_task *st);

/* SUD_FLAG_AUTO_ALLOW. Return: false when the selector cannot be written. */
static __always_inline bool sud_auto_allow(const struct sud_task *st,
					   enum sud_at at)
{
	if (!(st->config.flags & SUD_FLAG_AUTO_ALLOW))
		return true;
	if (sud_at_mapped(st, at)) {
		WRITE_ONCE(*st->mapped, SUD_SELECTOR_ALLOW);
		return true;
	}
	return likely(!put_user(SUD_SELECTOR_ALLOW, sud_task_selector(st, at)));
}

/*
 * SUD_FLAG_AUTO_ALLOW comes first. A selector that cannot be written kills as one
 * that cannot be read. @fast is as sud_upcall_is_fast() says.
 */
static __always_inline enum sud_verdict
sud_deliver_untraced(struct pt_regs *regs, struct sud_task *st, enum sud_at at,
		     bool fast)
{
	if (unlikely(!sud_auto_allow(st, at)))
		return sud_force_death(st, SIGSEGV,
				       SUD_DEATH_SELECTOR_UNWRITABLE);

	if (likely(fast))
		return at == SUD_AT_MAPPED && st->top
			       ? sud_upcall_mapped(regs, st)
			       : sud_upcall_regs(regs, st);

	return sud_deliver_other(regs, st);
}

/* sud_deliver() - hand a blocked call over */
static __always_inline enum sud_verdict
sud_deliver(struct pt_regs *regs, struct sud_task *st, enum sud_at at)
{
	/* Asked first: the compiler does not carry an answer over a static key. */
	bool fast = sud_upcall_is_fast(st, at);

	if (unlikely(trace_sud_dispatch_enabled()))
		return sud_deliver_traced(regs, st);
	return sud_deliver_untraced(regs, st, at, fast);
}

#endif /* SUD_DELIVER_H */
