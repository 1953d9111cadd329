/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Work for the moment at which a thread goes back to user mode, after the exit
 * work of its system call. Only 5.10 needs it (gate_tif.c).
 */
#ifndef SUD_COMPAT_RESUME_H
#define SUD_COMPAT_RESUME_H

#include <linux/types.h>

#ifdef SUD_HAVE_NATIVE

struct sud_resume {
};

static inline void sud_resume_init(void (*release)(struct sud_resume *resume))
{
}

static inline bool sud_resume_keeps(struct sud_resume *resume)
{
	return false;
}

#else

/**
 * struct sud_resume - flags that a thread gets back
 * @work: queued on the thread itself
 * @flags: thread flags, as _TIF_*, of which all are in the lower half
 * @state: SUD_RESUME_*, changed by atomic operations: the state of the thread,
 *	which this is a part of, leaves the table by the thread or by its tracer
 *
 * The rest is touched by the thread alone.
 */
struct sud_resume {
	struct callback_head work;
	u32 flags;
	int state;
};

#define SUD_RESUME_IDLE 0
#define SUD_RESUME_QUEUED 1 /* the work is queued */
#define SUD_RESUME_ORPHAN 2 /* and will release the thread's state */

/* @release is called for a thread's state that only queued work holds any more. */
void sud_resume_init(void (*release)(struct sud_resume *resume));
void sud_resume_flags(struct sud_resume *resume, unsigned long flags);
/* True when queued work will release the thread's state, so nobody else may. */
bool sud_resume_keeps(struct sud_resume *resume);

#endif /* SUD_HAVE_NATIVE */
#endif /* SUD_COMPAT_RESUME_H */
