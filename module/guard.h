/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SUD_GUARD_H
#define SUD_GUARD_H

#include "compat/ftrace.h"

/*
 * Where ftrace hooks the function @symbol. Return: 0; -ENOENT, when there is no
 * such function; or what a kprobe may fail by. -EINVAL with @ip set: it is there,
 * and neither kprobes nor ftrace may touch it.
 */
int sud_guard_find(const char *symbol, unsigned long *ip);

/**
 * struct sud_guard - a function ahead of which the module looks
 * @symbol: the function
 * @optional: not every kernel that has the others has it
 * @ip: where it is, once it is attached
 * @attached: the function calls @ops first
 * @ops: with the callback, which may change the registers it is given: by ip,
 *	where the call goes. It may not sleep
 */
struct sud_guard {
	const char *symbol;
	bool optional;
	unsigned long ip;
	bool attached;
	struct ftrace_ops ops;
};

#define SUD_GUARD(function, callback)                                       \
	.symbol = function, .ops = {                                        \
		.func = callback,                                           \
		.flags = FTRACE_OPS_FL_SAVE_REGS | FTRACE_OPS_FL_IPMODIFY | \
			 FTRACE_OPS_FL_PERMANENT,                           \
	}

int sud_guard_attach(struct sud_guard *guard);
void sud_guard_detach(struct sud_guard *guard);

/* Detaching gave @err. If that is an error, this does not return. */
void sud_guard_must(int err);

int sud_anchor_init(void);
void sud_anchor_exit(void);

#endif /* SUD_GUARD_H */
