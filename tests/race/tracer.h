/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the two ways of tracing share: tracer.c visits threads of workers,
 * follow.c has children of its own.
 */
#ifndef RACE_TRACER_H
#define RACE_TRACER_H

#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>

#include "race.h"

/**
 * struct tracer - this process
 * @slot: its place
 * @self: its random numbers
 * @fd: a descriptor of its own, whose region set becomes that of a tracee
 * @stepping: the tracee takes a SIGTRAP if the tracer dies now
 * @visited: and whose that is
 */
struct tracer {
	struct slot *slot;
	struct self *self;
	int fd;
	bool stepping;
	struct slot *visited;
};

extern struct tracer me;

static inline long trace(long request, int tid, long addr, long data)
{
	return sys(SYS_ptrace, request, tid, addr, data);
}

/* stops.c */
void maybe_die(void);
void at_stop(int tid, bool worker);
void check_call_stop(int tid, int status);
int signal_of(int status);
void not_stopped(int tid);
void not_traced(int tid);

/* follow.c */
void follow(void);

#endif /* RACE_TRACER_H */
