// SPDX-License-Identifier: GPL-2.0-only
/*
 * Children of every kind: off or armed as their flags say, from the first call
 * on; and every end that a process or a thread may have.
 */
#include <linux/futex.h>
#include <linux/sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "race.h"

#define EAGAIN_ 11
#define STACK 32768
#define INT80_FORK 2
#define INT80_VFORK 190
#define THREAD_FLAGS                                                        \
	(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | \
	 CLONE_SYSVSEM | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID)

static char stacks[SELVES][STACK] __attribute__((aligned(64)));

static char *stack_top(const struct self *c)
{
	return stacks[c->index] + STACK;
}

/* What a child does at the end of its life. */
enum after { LEAVE, REARM, EXEC, KILL, SOLO };

void thread_exit(struct self *c)
{
	(void)c;
	for (;;)
		sys(SYS_exit, 0);
}

void process_exit(int code)
{
	for (;;)
		sys(SYS_exit_group, code);
}

/* probe.S goes here in a new child. */
void race_child(struct self *s);
void race_child(struct self *s)
{
	s->fn(s);
	FAIL(s, "a child came back", 0, 0);
}

/* A forked child: its memory is its own, and its only thread is this. */
static void be_forked(struct self *s)
{
	sys(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL);
	s->pid = sys(SYS_getpid);
	s->tid = s->pid;
	proc.pid = s->pid;
	s->forked = true;
	s->nested = false;
}

long fork_self(struct self *s)
{
	long pid;

	s->nested = false;
	pid = sys(SYS_fork);
	if (pid < 0)
		FAIL(s, "fork", pid, 0);
	if (pid)
		return pid;
	if (!(s->model.c.flags & SUD_FLAG_INHERIT_FORK)) {
		memset(&s->model, 0, sizeof(s->model));
		s->model.c.size = sizeof(s->model.c);
	}
	be_forked(s);
	return 0;
}

void await(struct self *s, int pid, int want, const char *what)
{
	int status;
	long got;

	waits(s, what, pid);
	while ((got = sys(SYS_wait4, pid, &status, __WALL, NULL)) == -4)
		;
	waits(s, NULL, 0);
	CHECK_EQ(s, "wait4", got, pid);
	/* Without the bit for a core. Only who is to be killed is killed. */
	if (WIFSIGNALED(status))
		status &= 0x7f;
	if (status == STATUS_EXIT(99))
		FAIL(s, "a child reported a failure", status, want);
	CHECK_EQ(s, what, status, want);
}

/* A struct self for a child in this memory; it leaves this one's alone. */
struct self *extra_self(struct self *s, int n)
{
	struct self *c = s + 1 + n;
	int index = c->index;

	memcpy(c, s, sizeof(*c));
	c->index = index;
	call_thread(c);
	c->parent = s;
	c->extra = true;
	c->nested = false;
	c->cur = NULL;
	c->rng = mix(s->rng + n);
	s->rng++;
	c->tid = 0;
	memset(&c->model, 0, sizeof(c->model));
	c->model.c.size = sizeof(c->model.c);
	return c;
}

/* The child is armed as its parent is. */
static void inherit(struct self *s, struct self *c, bool settls)
{
	c->model = s->model;
	if (settls && s->model.c.flags & SUD_FLAG_SELECTOR_FS) {
		if (c->model.selector)
			c->model.selector = &c->selector;
	} else {
		c->top = s->top;
	}
	count(inherit);
}

static void block_first(struct self *c)
{
	if (c->model.c.selector && !c->model.shared)
		*c->model.selector = chance(c, 4) ? SUD_SELECTOR_ALLOW
						  : SUD_SELECTOR_BLOCK;
}

long thread_start(struct self *s, struct self *c, bool settls, bool three)
{
	/* So that what is relative to FS comes out at c, if it was at s. */
	u64 fs = settls ? fs_base() + ((u64)c - (u64)s) : 0;
	struct clone_args args = { .flags = THREAD_FLAGS |
					    (settls ? CLONE_SETTLS : 0),
				   .child_tid = (u64)&c->alive,
				   .parent_tid = (u64)&c->tid,
				   .stack = (u64)stacks[c->index],
				   .stack_size = STACK,
				   .tls = fs };
	long tid;

	c->alive = 1;
	/* CLONE_FS: not while another thread is in exec. */
	do {
		if (three)
			tid = race_clone(SYS_clone3, (long)&args, sizeof(args),
					 0, 0, 0, c);
		else
			tid = race_clone(SYS_clone, args.flags,
					 (long)stack_top(c), args.parent_tid,
					 args.child_tid, fs, c);
	} while (tid == -EAGAIN_);
	if (tid < 0)
		FAIL(s, "clone of a thread", tid, 0);
	return tid;
}

void thread_join(struct self *s, struct self *c)
{
	waits(s, "a thread of its own", c->tid);
	while (c->alive)
		sys(SYS_futex, &c->alive, FUTEX_WAIT, 1, NULL);
	waits(s, NULL, 0);
}

/* The first call, at once, and what GET says. */
static void first_steps(struct self *c)
{
	struct first *f = &c->first;
	enum expect expect;

	if (!f->armed)
		c->model = (struct model){ .c.size = sizeof(c->model.c) };
	expect = expected(c, f->cell, f->way);
	if (c->parent && disturbed(c->parent))
		c->disturbs++;
	call_nr(c, f->cell, f->way, expect,
		expect == HAND ? NR_DISPATCHED : NR_NATURAL);
	check_get(c, &c->model.c);
}

static void afterwards(struct self *c)
{
	switch (c->first.after) {
	case REARM:
		arm_random(c);
		call_some(c, 4);
		break;
	case EXEC:
		FAIL(c, "execve came back", exec_image(), 0);
	case KILL:
		sys(SYS_kill, sys(SYS_getpid), SIGKILL);
		break;
	case SOLO:
		disarm(c);
		solo_steps(c, 3);
	}
}

static void process_life(struct self *c)
{
	first_steps(c);
	if (!c->extra)
		be_forked(c);
	else
		sys(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL);
	c->pid = sys(SYS_getpid);
	c->tid = c->pid;
	call_some(c, below(c, 4));
	afterwards(c);
	process_exit(0);
}

static void thread_life(struct self *c)
{
	first_steps(c);
	call_some(c, 1 + below(c, 6));
	afterwards(c);
	thread_exit(c);
}

enum child {
	C_FORK,
	C_CLONE,
	C_CLONE3,
	C_FORK80,
	C_CELL,
	C_VFORK,
	C_VFORK80,
	C_VM,
	C_VM_VFORK,
	C_KINDS
};

/*
 * fork by a cell: a call that comes by the hook and is let run, or blocked by what
 * a tracer has just changed.
 */
static long fork_by_cell(struct self *s, struct self *c)
{
	struct probe p = { .in = { [AX] = SYS_fork, [FL] = 0x202 },
			   .target = CELLS + own_cell(s) * CELL,
			   .way = WAY_SYSCALL,
			   .nr = SYS_fork };

	p.ip = p.target + AFTER;
	if (s->model.c.selector)
		*s->model.selector = SUD_SELECTOR_ALLOW;
	if (expected(s, (p.target - CELLS) / CELL, WAY_SYSCALL) == RUN) {
		s->cur = &p;
		barrier();
		race_probe(&p);
		barrier();
		s->cur = NULL;
		if (!p.out[AX]) {
			block_first(s);
			race_child(c);
		}
		if (p.out[AX] != RESULT)
			return p.out[AX];
		if (!disturbed(s))
			FAIL(s, "a natural fork was dispatched", p.ip, 0);
	}
	return sys(SYS_fork) ?: (race_child(c), 0);
}

static long start_child(struct self *s, struct self *c, enum child kind)
{
	static const u32 more[] = { CLONE_FILES, CLONE_FS, CLONE_SYSVSEM,
				    CLONE_IO, CLONE_UNTRACED };
	struct clone_args args = { .exit_signal = SIGCHLD };
	long flags = SIGCHLD, stack = 0;

	for (u32 i = 0; i < ARRAY_SIZE(more); i++)
		if (chance(s, 5))
			flags |= more[i];
	switch (kind) {
	case C_FORK:
		return race_clone(SYS_fork, 0, 0, 0, 0, 0, c);
	case C_CLONE3:
		args.flags = flags & ~SIGCHLD;
		return race_clone(SYS_clone3, (long)&args, sizeof(args), 0, 0,
				  0, c);
	case C_FORK80:
		return race_clone80(INT80_FORK, c);
	case C_CELL:
		return fork_by_cell(s, c);
	case C_VFORK:
		return race_clone(SYS_vfork, 0, 0, 0, 0, 0, c);
	case C_VFORK80:
		return race_clone80(INT80_VFORK, c);
	case C_VM_VFORK:
		flags |= CLONE_VFORK;
		break;
	default:
		break;
	}
	if (kind >= C_VM) {
		flags |= CLONE_VM;
		stack = (long)stack_top(c);
	}
	return race_clone(SYS_clone, flags, stack, 0, 0, 0, c);
}

void op_child(struct self *s)
{
	static const int status[] = { [LEAVE] = 0,
				      [REARM] = 0,
				      [EXEC] = STATUS_EXIT(EXIT_IMAGE),
				      [KILL] = SIGKILL,
				      [SOLO] = 0 };
	enum child kind = below(s, sh->fsgsbase ? C_KINDS : C_VFORK);
	bool vm = kind >= C_VFORK;
	struct self *c = vm ? extra_self(s, 0) : s;
	bool armed = s->model.c.flags & SUD_FLAG_INHERIT_FORK;
	long pid;

	s->nested = false;
	c->first = (struct first){
		.armed = armed,
		.way = below(s, 2),
		.cell = own_cell(s),
		.after = below(s, vm ? SOLO : SOLO + 1),
	};
	c->fn = process_life;
	note(s, kind | c->first.after << 8 | armed << 16);
	if (armed && vm)
		inherit(s, c, false);
	else if (armed)
		count(inherit);
	block_first(c);
	do {
		pid = start_child(s, c, kind);
	} while (pid == -EAGAIN_);
	if (pid < 0)
		FAIL(s, "fork or clone", pid, 0);
	await(s, pid, status[c->first.after], "the end of a child");
	if (kind == C_VM || kind == C_VM_VFORK)
		count(clone_vm);
	else if (vm)
		count(vfork);
	else
		count(fork);
	/* And the parent is as it was. */
	check_get(s, &s->model.c);
	call_some(s, 2);
}

/* May parent and child make calls at the same time? */
static bool apart(const struct self *s, const struct self *c)
{
	const struct model *m = &c->model;

	if (m->c.mode == SUD_MODE_OFF)
		return true;
	if (m->c.upcall_frame && c->top == s->top)
		return false;
	return !m->c.selector || m->shared || m->selector != s->model.selector;
}

void op_thread(struct self *s)
{
	bool armed = s->model.c.flags & SUD_FLAG_INHERIT_THREAD;
	bool settls = chance(s, 2), both;
	struct self *c;

	if (!sh->fsgsbase)
		return;
	s->nested = false;
	c = extra_self(s, below(s, EXTRAS));
	/* A selector that is elsewhere would be nowhere. */
	if (armed && s->model.c.flags & SUD_FLAG_SELECTOR_FS &&
	    s->model.selector && s->model.selector != &s->selector)
		settls = false;
	if (armed)
		inherit(s, c, settls);
	c->first = (struct first){ .armed = armed,
				   .way = below(s, 2),
				   .cell = own_cell(s),
				   .after = below(s, EXEC) };
	c->fn = thread_life;
	both = apart(s, c);
	note(s, armed | settls << 4 | both << 8 | c->first.after << 12);
	block_first(c);
	thread_start(s, c, settls, chance(s, 2));
	if (both)
		call_some(s, 6);
	thread_join(s, c);
	count(thread);
	check_get(s, &s->model.c);
	call_some(s, 2);
}
