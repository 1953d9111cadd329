/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Not a mutex: that could be held by another thread at a fork, and would never be free
 * in the child, which takes it as its own instead.
 */
#ifndef SUD_LOCK_H
#define SUD_LOCK_H

#include "internal.h"

static inline void sud_lock(int *locked_by, int pid)
{
	for (;;) {
		/* Nobody, or the parent, as it was when this process began. */
		int holder = __atomic_load_n(locked_by, __ATOMIC_RELAXED);

		if (holder != pid &&
		    __atomic_compare_exchange_n(locked_by, &holder, pid, false,
						__ATOMIC_ACQUIRE,
						__ATOMIC_RELAXED))
			return;
		sud_raw_call(SYS_sched_yield, 0, 0, 0, 0, 0, 0);
	}
}

static inline void sud_unlock(int *locked_by)
{
	__atomic_store_n(locked_by, 0, __ATOMIC_RELEASE);
}

#endif /* SUD_LOCK_H */
