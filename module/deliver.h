/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a blocked call gets: an upcall, or SIGSYS.
 */
#ifndef SUD_DELIVER_H
#define SUD_DELIVER_H

#include <linux/uaccess.h>

#include "compat/gate.h"
#include "force.h"
#include "task.h"
#include "upcall.h"

enum sud_verdict sud_deliver_other(struct pt_regs *regs, struct sud_task *st);

/*
 * sud_deliver() - hand a blocked call over
 * @plain: the thread's selector, if it has one, is at a fixed address
 *
 * SUD_FLAG_AUTO_ALLOW comes first. A selector that cannot be written kills as one
 * that cannot be read.
 */
static __always_inline enum sud_verdict
sud_deliver(struct pt_regs *regs, struct sud_task *st, bool plain)
{
	bool fast = sud_upcall_is_fast(st);

	if (st->config.flags & SUD_FLAG_AUTO_ALLOW &&
	    unlikely(put_user(SUD_SELECTOR_ALLOW,
			      plain ? st->selector : sud_task_selector(st))))
		return sud_force_death(st, SIGSEGV);

	if (likely(fast))
		return sud_upcall_regs(regs, st);

	return sud_deliver_other(regs, st);
}

#endif /* SUD_DELIVER_H */
