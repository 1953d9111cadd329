// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a tracer does while its tracee is stopped: it reads and writes the
 * configuration, and dies at any moment but one: between its wait for the stop of
 * a signal and the delivery, because then the signal is lost, and with it a call
 * that was handed over.
 */
#include <sys/uio.h>

#include "tracer.h"

#define EPERM_ 1
#define ESRCH_ 3
#define LET_LIVE 0
#define KILLABLE 1

/* Where faults are injected, the SIGTRAP's frame might be what fails. */
static bool may_die(void)
{
	return !(me.stepping && sh->nth);
}

/* From here to mortal_end() somebody else may kill this process. */
static void mortal_begin(void)
{
	if (!may_die())
		return;
	__atomic_store_n(&me.slot->killable, KILLABLE, __ATOMIC_SEQ_CST);
}

static void mortal_end(void)
{
	int killable = KILLABLE;

	if (may_die() && !__atomic_compare_exchange_n(
				 &me.slot->killable, &killable, LET_LIVE, false,
				 __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		for (;;)
			sleep_us(100000);
}

void maybe_die(void)
{
	if (chance(me.self, 60) && may_die()) {
		count(kill_tracer);
		sys(SYS_kill, proc.pid, SIGKILL);
	}
}

/* The struct self of a stopped thread, or false when it is in transition. */
static bool peek(int tid, struct self *to, u64 *at)
{
	struct user_regs_struct regs;
	struct iovec local = { to, sizeof(*to) }, remote;

	if (trace(PTRACE_GETREGS, tid, 0, (long)&regs))
		return false;
	*at = regs.gs_base;
	remote = (struct iovec){ (void *)*at, sizeof(*to) };
	return *at &&
	       sys(SYS_process_vm_readv, tid, &local, 1, &remote, 1, 0) ==
		       sizeof(*to) &&
	       to->tid == tid;
}

static long get_task(int tid, struct sud_task_config *t, struct sud_config *c)
{
	t->size = sizeof(*t);
	t->tid = tid;
	t->config = (u64)c;
	memset(c, 0, sizeof(*c));
	c->size = sizeof(*c);
	count(get_task);
	return sys(SYS_ioctl, me.fd, SUD_IOC_GET_TASK, t);
}

static long set_task(struct sud_task_config *t, struct sud_config *c)
{
	t->config = (u64)c;
	count(set_task);
	return sys(SYS_ioctl, me.fd, SUD_IOC_SET_TASK, t);
}

static bool same(const struct sud_config *a, const struct sud_config *b)
{
	return a->mode == b->mode &&
	       (a->mode == SUD_MODE_OFF || !memcmp(a, b, sizeof(*a)));
}

/*
 * Another configuration, which blocks at least what may not run. With a listener that
 * was taken from the thread a moment ago.
 */
static void disturb(int tid, u64 at, const struct self *seen,
		    const struct sud_config *config, bool listener)
{
	struct sud_task_config t = { .size = sizeof(t), .tid = tid };
	struct sud_config c = {
		.size = sizeof(c),
		.mode = SUD_MODE_INCLUSIVE,
		.offset = CELLS,
		.len = CELLS_END - CELLS,
		.flags = config->flags &
			 (SUD_FLAG_INHERIT_THREAD | SUD_FLAG_INHERIT_FORK),
	};

	if (seen->extra)
		return;
	if (listener && chance(me.self, 2)) {
		c.delivery = SUD_DELIVER_NOTIFY;
	} else if (chance(me.self, 2)) {
		c.delivery = SUD_DELIVER_UPCALL;
		c.upcall_entry = (u64)race_up_regs;
	}
	if (trace(PTRACE_POKEDATA, tid,
		  (long)at + offsetof(struct self, disturbs),
		  seen->disturbs + 1))
		return;
	if (!set_task(&t, &c))
		count(disturb);
}

/* A thread in a stop that is not a signal's. */
void at_stop(int tid, bool worker)
{
	struct sud_task_config t = { 0 }, other = { 0 };
	struct sud_config c, again, off = { .size = sizeof(off) };
	static struct self seen;
	bool known;
	u64 at = 0;
	long err;

	known = worker && peek(tid, &seen, &at);
	t.flags = SUD_TASK_TAKE_REGIONS | SUD_TASK_TAKE_LISTENER;
	mortal_begin();
	err = get_task(tid, &t, &c);
	mortal_end();
	/* Only a SIGKILL can have come. */
	if (err == -ESRCH_)
		return;
	CHECK_EQ(me.self, "GET_TASK", err, 0);
	if (known && !seen.extra && !disturbed(&seen) &&
	    !same(&c, &seen.model.c) &&
	    !(seen.changing && same(&c, &seen.pending.c))) {
		FAIL(me.self, "GET_TASK is not what SET was given",
		     (u64)c.mode << 32 | c.flags,
		     (u64)seen.model.c.mode << 32 | seen.model.c.flags);
	}
	switch (below(me.self, 4)) {
	case 0:
		return;
	case 1:
		if (known && worker)
			disturb(tid, at, &seen, &c, t.listener);
		return;
	case 2:
		/* Off and on again, and nobody has noticed. */
		other = (struct sud_task_config){ .size = sizeof(t),
						  .tid = tid };
		err = set_task(&other, &off);
		if (err == -ESRCH_ || err == -16)
			return;
		CHECK_EQ(me.self, "SET_TASK to off", err, 0);
		if (c.mode == SUD_MODE_OFF)
			return;
		err = set_task(&t, &c);
		break;
	default:
		if (c.mode == SUD_MODE_OFF)
			return;
		mortal_begin();
		err = set_task(&t, &c);
		mortal_end();
	}
	if (err == -ESRCH_ || err == -16)
		return;
	CHECK_EQ(me.self, "SET_TASK of what GET_TASK gave", err, 0);
	other = (struct sud_task_config){ 0 };
	err = get_task(tid, &other, &again);
	if (err == -ESRCH_)
		return;
	CHECK_EQ(me.self, "GET_TASK", err, 0);
	CHECK_EQ(me.self, "GET_TASK after SET_TASK", same(&c, &again), true);
	CHECK_EQ(me.self, "the number of the set", other.set, t.set);
	CHECK_EQ(me.self, "the number of the listener", other.listener,
		 t.listener);
	CHECK_EQ(me.self, "the bitness", other.flags, t.flags);
}

/* A call that is handed over is no call, for a tracer. */
void check_call_stop(int tid, int status)
{
	struct user_regs_struct regs;

	if (WSTOPSIG(status) != (SIGTRAP | 0x80) ||
	    trace(PTRACE_GETREGS, tid, 0, (long)&regs))
		return;
	if ((u32)regs.orig_rax == NR_DISPATCHED)
		FAIL(me.self, "a tracer sees a call that was dispatched",
		     regs.orig_rax, regs.rip);
}

int signal_of(int status)
{
	int sig = WSTOPSIG(status);

	if (status >> 16 || sig == (SIGTRAP | 0x80) || sig == SIGTRAP)
		return 0;
	return sig;
}

/* It runs; or it has stopped by now. */
void not_stopped(int tid)
{
	struct sud_task_config t = { 0 };
	struct sud_config c;
	long err;

	if (!chance(me.self, 10))
		return;
	err = get_task(tid, &t, &c);
	if (err && err != -ESRCH_)
		FAIL(me.self, "GET_TASK of a thread that runs", err, -ESRCH_);
}

/* Nobody else may look at it, nor change it. */
void not_traced(int tid)
{
	struct sud_task_config t = { 0 };
	struct sud_config c;
	long err;

	if (!chance(me.self, 5))
		return;
	err = get_task(tid, &t, &c);
	if (err != -EPERM_ && err != -ESRCH_)
		FAIL(me.self, "GET_TASK of another's thread", err, -EPERM_);
	t = (struct sud_task_config){ .size = sizeof(t), .tid = tid };
	c = (struct sud_config){ .size = sizeof(c) };
	err = set_task(&t, &c);
	if (err != -EPERM_ && err != -ESRCH_)
		FAIL(me.self, "SET_TASK of another's thread", err, -EPERM_);
}
