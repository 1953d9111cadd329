/* SPDX-License-Identifier: GPL-2.0-only */
/* Moves a stopped thread out of the handler. */
#ifndef SUDCTL_TRACE_UNWIND_H
#define SUDCTL_TRACE_UNWIND_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/user.h>

#include "tracee.h"

enum unwound {
	UNWOUND_NOT, /* it was not in the handler */
	UNWOUND_BEFORE, /* its call has not been made, and will be */
	UNWOUND_AFTER, /* its call is over */
};

/*
 * Gives a thread that is stopped the registers that it would have without the handler: of
 * before its call, or of after it; a call that a signal interrupts is one that the kernel
 * restarts, or does not, as it would have been. @regs are its registers, and are changed.
 * @result: with UNWOUND_AFTER, and @recorded false, what the call returned, for a call that
 * is not in the ring.
 */
enum unwound unwind(struct tracee *tracee, struct user_regs_struct *regs,
		    int64_t *result, bool *recorded);

/* Of a thread that has just been made by a call of a thread in the handler. */
bool unwind_child(pid_t tid, const struct space *space,
		  struct user_regs_struct *regs);

/*
 * A fault in the handler, at memory of the program that is gone.
 * Return: the thread is to go on with @regs, and without the signal.
 */
bool unwind_fault(const struct tracee *tracee, struct user_regs_struct *regs);

#endif /* SUDCTL_TRACE_UNWIND_H */
