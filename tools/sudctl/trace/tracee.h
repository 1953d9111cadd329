/* SPDX-License-Identifier: GPL-2.0-only */
/* The threads that sudctl traces, by their numbers. */
#ifndef SUDCTL_TRACE_TRACEE_H
#define SUDCTL_TRACE_TRACEE_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/user.h>

#include "space.h"

enum tracee_state {
	TRACEE_NEW, /* a child that has not stopped yet, or its parent's event has not */
	TRACEE_ATTACHED, /* seized, and not armed yet */
	TRACEE_BOOTS, /* it runs boot.S */
	TRACEE_RUNS,
	TRACEE_LEAVES, /* it unmaps its space, as sudctl leaves */
};

#define DEFERRED 8

struct tracee {
	struct tracee *next;
	pid_t tid;
	pid_t process;
	enum tracee_state state;
	bool waits; /* it is stopped, and goes on when another thread is ready */
	bool untraced; /* it could not be armed, and runs as it would without sudctl */

	struct space *space; /* what its image has mapped */
	int slot; /* in there, or -1 */

	/* A child's: known once its parent's event has come, if it comes. */
	bool parent_known;
	bool looked_at; /* by look_for_orphans() */
	struct space *parent_space;

	/* While it runs boot.S: where that is, and what came meanwhile. */
	uint64_t boot_at;
	struct user_regs_struct boot_regs;
	struct space *boot_space;
	siginfo_t deferred[DEFERRED];
	int deferred_count;

	/* A call that has not returned, as it was recorded: see RECORD_EXEC. */
	struct record *exec;
};

extern int tracee_count;

struct tracee *tracee_new(pid_t tid);
struct tracee *tracee_find(pid_t tid);
void tracee_delete(struct tracee *tracee);

/* Calls @visit for each; it may delete the one that it gets. */
void tracee_each(void (*visit)(struct tracee *tracee));

/* Is there another one in the same memory? Also if that cannot be known. */
bool tracee_shares_memory(const struct tracee *tracee);

/* It no longer uses its slot, what it wrote there has been printed. */
void tracee_give_slot(struct tracee *tracee);
/* Nor its space. */
void tracee_leave_space(struct tracee *tracee);

#endif /* SUDCTL_TRACE_TRACEE_H */
