// SPDX-License-Identifier: GPL-2.0-only
/*
 * A child alone in its process may have configurations that judge all of its
 * code: what is planted there by uprobes must run, too. No signal comes while
 * the selector says BLOCK, since the handler's return would be handed over.
 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>

#include "race.h"

#define PR_SUD 59

static void mask_signals(sigset_t *old)
{
	sigset_t all;

	memset(&all, 0xff, sizeof(all));
	sigdelset(&all, SIGSYS);
	sigdelset(&all, SIGSEGV);
	sigdelset(&all, SIGTRAP);
	sys(SYS_rt_sigprocmask, SIG_SETMASK, &all, old, 8);
}

static void call_probed(struct self *s)
{
	u64 upcalls = s->up_count;
	int n = (int)rnd(s), got;

	*s->model.selector = SUD_SELECTOR_BLOCK;
	barrier();
	got = race_probed(n);
	barrier();
	*s->model.selector = SUD_SELECTOR_ALLOW;
	CHECK_EQ(s, "the result of a probed function", got, n + 1);
	CHECK_EQ(s, "upcalls of a probed function", s->up_count, upcalls);
	count(uprobed);
}

static void solo_calls(struct self *s)
{
	for (int i = 1 + below(s, 6); i; i--) {
		enum way way = random_way(s);
		int cell = own_cell(s);

		*s->model.selector = chance(s, 4) ? SUD_SELECTOR_ALLOW
						  : SUD_SELECTOR_BLOCK;
		call(s, cell, way, expected(s, cell, way));
		if (chance(s, 3))
			call_probed(s);
	}
}

static void solo_arm(struct self *s)
{
	struct model m = { .c.size = sizeof(m.c),
			   .c.mode = SUD_MODE_EXCLUSIVE,
			   .selector = &s->selector };

	/* No region at all, or a part of the cells. */
	if (chance(s, 2)) {
		m.c.offset = CELLS + s->own * CELL;
		m.c.len = 1 + below(s, OWN_CELLS * CELL);
	}
	m.c.selector = (u64)m.selector;
	random_delivery(s, &m);
	random_flags(s, &m);
	arm_as(s, &m, proc.fd[0]);
}

/* By the prctl: the kernel's own, or the module's with prctl=1. */
static void solo_prctl(struct self *s)
{
	struct sud_config c = { .size = sizeof(c) };
	struct model m = { .c.size = sizeof(c),
			   .c.mode = SUD_MODE_EXCLUSIVE,
			   .c.selector = (u64)&s->selector,
			   .selector = &s->selector };

	disarm(s);
	s->selector = SUD_SELECTOR_ALLOW;
	if (sys(SYS_prctl, PR_SUD, m.c.mode, 0, 0, &s->selector)) {
		if (sh->native || sh->prctl)
			FAIL(s, "prctl", 0, 1);
		return;
	}
	s->model = m;
	for (int i = 0; i < 4; i++) {
		*m.selector = SUD_SELECTOR_BLOCK;
		call_nr(s, own_cell(s), below(s, 2), HAND, NR_DISPATCHED);
		*m.selector = SUD_SELECTOR_ALLOW;
		call_nr(s, own_cell(s), below(s, 2), RUN, NR_NATURAL);
		count(prctl);
	}
	CHECK_EQ(s, "GET", sys(SYS_ioctl, proc.fd[0], SUD_IOC_GET, &c), 0);
	/* Served by the module, it is the module's; else the module keeps off. */
	if (c.mode == SUD_MODE_OFF)
		CHECK_EQ(s, "SET of a thread that the prctl armed",
			 sys(SYS_ioctl, proc.fd[0], SUD_IOC_SET, &m.c), -16);
	CHECK_EQ(s, "prctl to off", sys(SYS_prctl, PR_SUD, 0, 0, 0, 0), 0);
	s->model = (struct model){ .c.size = sizeof(c) };
}

/* In a forked child. It ends disarmed. */
void solo_steps(struct self *s, int n)
{
	sigset_t old;

	mask_signals(&old);
	disarm(s);
	s->solo = true;
	while (n--) {
		if (chance(s, 5))
			solo_prctl(s);
		solo_arm(s);
		solo_calls(s);
	}
	s->solo = false;
	disarm(s);
	sys(SYS_rt_sigprocmask, SIG_SETMASK, &old, NULL, 8);
}

void op_solo(struct self *s)
{
	int pid = fork_self(s);

	if (!pid) {
		solo_steps(s, 1 + below(s, 6));
		process_exit(0);
	}
	await(s, pid, 0, "a child by itself");
}

/* A filter that kills must not see what is dispatched. */
void op_seccomp(struct self *s)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NR_DISPATCHED, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = { ARRAY_SIZE(code), code };
	int pid = fork_self(s);

	if (!pid) {
		CHECK_EQ(s, "seccomp",
			 sys(SYS_prctl, PR_SET_SECCOMP, SECCOMP_MODE_FILTER,
			     &filter),
			 0);
		arm_random(s);
		call_some(s, 8);
		solo_steps(s, 2);
		process_exit(0);
	}
	await(s, pid, 0, "a child with a seccomp filter");
	call_some(s, 2);
}
