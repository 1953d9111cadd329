// SPDX-License-Identifier: GPL-2.0-only
/*
 * A tracer's own child, followed through all that it makes: stopped everywhere,
 * stepped, and stepped over blocked calls in particular.
 */
#include "tracer.h"

#define DEBUG_REGISTER(n) (offsetof(struct user, u_debugreg) + 8 * (n))
/* The first breakpoint is on, for execution. */
#define BREAK_ON 1

static void tracee_life(void)
{
	struct self *s = me.self;

	s->pid = sys(SYS_getpid);
	s->tid = s->pid;
	proc.pid = s->pid;
	s->forked = true;
	while (!me.slot->beat[1].tid)
		sleep_us(200);
	for (int i = 0; i < 4; i++) {
		arm_random(s);
		call_some(s, 4);
		switch (below(s, 4)) {
		case 0:
			op_child(s);
			break;
		case 1:
			op_thread(s);
			break;
		case 2:
			solo_steps(s, 2);
		}
	}
	if (chance(s, 2))
		exec_image();
	process_exit(EXIT_IMAGE);
}

/* A breakpoint on the system call of a cell. */
static void set_breakpoint(int tid, u64 *at)
{
	*at = CELLS + below(me.self, OWN_CELLS) * CELL;
	if (trace(PTRACE_POKEUSER, tid, DEBUG_REGISTER(0), *at) ||
	    trace(PTRACE_POKEUSER, tid, DEBUG_REGISTER(7), BREAK_ON))
		*at = 0;
}

/* At the breakpoint. False when it is another stop. */
static bool at_breakpoint(int tid, int status, u64 at)
{
	struct user_regs_struct regs;

	if (!at || status >> 8 != SIGTRAP ||
	    trace(PTRACE_GETREGS, tid, 0, (long)&regs) || regs.rip != at)
		return false;
	trace(PTRACE_POKEUSER, tid, DEBUG_REGISTER(7), 0);
	return true;
}

/* After a step over the call: at one of the places where it may go on. */
static void check_step(int tid, int status, u64 at)
{
	struct user_regs_struct regs;

	if (status >> 8 != SIGTRAP ||
	    trace(PTRACE_GETREGS, tid, 0, (long)&regs))
		return;
	if (regs.rip != at + AFTER && regs.rip != (u64)race_up_regs &&
	    regs.rip != (u64)race_up_frames)
		FAIL(me.self, "a step over a call ends elsewhere", regs.rip,
		     at);
	if (regs.rip == (u64)race_up_regs && regs.r11 & 0x100)
		FAIL(me.self, "a step's trap flag in r11", regs.r11, 0);
	count(stepped_over);
}

static void go_on(int tid, int sig, int *steps)
{
	if (*steps > 0 && chance(me.self, 3)) {
		(*steps)--;
		count(step);
		trace(PTRACE_SINGLESTEP, tid, 0, sig);
	} else {
		trace(chance(me.self, 2) ? PTRACE_CONT : PTRACE_SYSCALL, tid, 0,
		      sig);
	}
}

static long start_child(void)
{
	static const long more[] = { PTRACE_O_TRACEFORK, PTRACE_O_TRACEVFORK,
				     PTRACE_O_TRACECLONE, PTRACE_O_TRACEEXEC };
	long child, options = PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL;

	me.slot->beat[1].tid = 0;
	child = sys(SYS_fork);
	if (!child)
		tracee_life();
	/* The same numbers would make the same choices. */
	me.self->rng = mix(me.self->rng);
	for (u32 i = 0; i < ARRAY_SIZE(more); i++)
		if (chance(me.self, 2))
			options |= more[i];
	CHECK_EQ(me.self, "SEIZE of a child",
		 trace(PTRACE_SEIZE, child, 0, options), 0);
	count(tracee);
	me.slot->beat[1].tid = child;
	trace(PTRACE_INTERRUPT, child, 0, 0);
	return child;
}

void follow(void)
{
	int status, steps = 200, breaks = 20, tid, last = -1;
	long child = start_child();
	u64 at = 0, over = 0;

	for (;;) {
		waits(me.self, "any tracee", child);
		tid = sys(SYS_wait4, -1, &status, __WALL, NULL);
		waits(me.self, NULL, 0);
		if (tid == -4)
			continue;
		if (tid < 0)
			break;
		if (!WIFSTOPPED(status)) {
			if (tid == child)
				last = status;
			continue;
		}
		count(stops);
		check_call_stop(tid, status);
		if (tid == child && over)
			check_step(tid, status, over);
		if (tid == child)
			over = 0;
		if (tid == child && at_breakpoint(tid, status, at)) {
			over = at;
			at = 0;
			trace(PTRACE_SINGLESTEP, tid, 0, 0);
			continue;
		}
		int sig = signal_of(status);

		if (!sig && chance(me.self, 4))
			at_stop(tid, false);
		if (tid == child && !at && breaks-- > 0)
			set_breakpoint(tid, &at);
		go_on(tid, sig, &steps);
		/* Its tracees die with it. */
		if (chance(me.self, 100))
			maybe_die();
	}
	CHECK_EQ(me.self, "the end of a traced child", last,
		 STATUS_EXIT(EXIT_IMAGE));
}
