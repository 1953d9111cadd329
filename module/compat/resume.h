/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Work for the moment at which a thread goes back to user mode, after the exit
 * work of its system call. Only 5.10 needs it (entry_tif.c).
 */
#ifndef SUD_COMPAT_RESUME_H
#define SUD_COMPAT_RESUME_H

#include <linux/types.h>

#include "entry.h"

struct sud_task;

#ifdef SUD_HAVE_NATIVE

struct sud_resume {
};

static inline void sud_resume_init(void)
{
}

static inline bool sud_resume_keeps(struct sud_task *st)
{
	return false;
}

#else

/**
 * struct sud_resume - flags to set again
 * @work: queued on the thread itself
 * @flags: thread flags, as _TIF_*
 * @state: SUD_RESUME_*, changed by atomic operations: an entry is taken out of
 *	the table by its thread or by the thread's tracer
 *
 * The rest is touched by the thread alone.
 */
struct sud_resume {
	struct callback_head work;
	unsigned long flags;
	int state;
};

#define SUD_RESUME_IDLE 0
#define SUD_RESUME_QUEUED 1 /* the work is queued */
#define SUD_RESUME_ORPHAN 2 /* and will release the entry */

void sud_resume_init(void);
void sud_resume_flags(struct sud_task *st, unsigned long flags);
/* True when the queued work will release the entry, which is out of the table. */
bool sud_resume_keeps(struct sud_task *st);

#endif /* SUD_HAVE_NATIVE */
#endif /* SUD_COMPAT_RESUME_H */
