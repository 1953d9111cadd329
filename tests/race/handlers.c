// SPDX-License-Identifier: GPL-2.0-only
/*
 * Signals: SIGSYS, which checks all that it brings; SIGUSR1, which comes at any
 * time and makes calls of its own; and those that must not come.
 */
#include <ucontext.h>

#include "race.h"

#ifndef SYS_USER_DISPATCH
#define SYS_USER_DISPATCH 2
#endif

static void on_sigsys(int sig, siginfo_t *info, void *context)
{
	mcontext_t *m = &((ucontext_t *)context)->uc_mcontext;
	struct self *s = self();
	struct probe *p = s->cur;
	static const u8 map[] = { REG_RAX, REG_RBX, REG_RCX, REG_RDX, REG_RSI,
				  REG_RDI, REG_RBP, REG_R8,  REG_R9,  REG_R10,
				  REG_R11, REG_R12, REG_R13, REG_R14, REG_R15 };

	(void)sig;
	if (info->si_code != SYS_USER_DISPATCH)
		FAIL(s, "a SIGSYS that is not of a dispatch", info->si_code,
		     info->si_syscall);
	if (!p || (u64)m->gregs[REG_RIP] != p->ip)
		FAIL(s, "a natural call was dispatched, not of a cell",
		     info->si_syscall, m->gregs[REG_RIP]);
	CHECK_EQ(s, "si_call_addr", info->si_call_addr, p->ip);
	CHECK_EQ(s, "si_syscall", info->si_syscall, p->nr);
	CHECK_EQ(s, "si_errno", info->si_errno, 0);
	CHECK_EQ(s, "si_arch", info->si_arch, arch_of(p->way));
	CHECK_EQ(s, "rax at SIGSYS", (u32)m->gregs[REG_RAX], (u32)p->nr);
	for (int i = BX; i <= R15; i++) {
		if ((i == CX || i == R11) && p->way == WAY_SYSCALL)
			continue;
		if (p->way == WAY_COMPAT && i >= R8)
			break;
		CHECK_EQ(s, "a register at SIGSYS", m->gregs[map[i]], p->in[i]);
	}
	CHECK_EQ(s, "the flags at SIGSYS", m->gregs[REG_EFL] & FLAGS,
		 p->in[FL] & FLAGS);
	p->signals++;
	m->gregs[REG_RAX] = RESULT;
	if (s->solo && !(p->flags & SUD_FLAG_SIGRETURN))
		*s->model.selector = SUD_SELECTOR_ALLOW;
}

/* At any time: a call of its own, which leaves no trace. */
static void on_usr1(int sig, siginfo_t *info, void *context)
{
	struct self *s = self();
	struct {
		u64 up[7];
		struct sud_upcall_frame frame;
	} saved;
	u64 rng = s->rng;
	u8 selector = 0;

	(void)sig;
	(void)info;
	(void)context;
	if (!s->nested || disturbed(s))
		return;
	memcpy(saved.up, (void *)&s->up_count, sizeof(saved.up));
	saved.frame = s->up_frame;
	s->rng = mix(rng);
	if (s->model.c.selector)
		selector = *s->model.selector;
	if (s->model.c.selector && !s->model.shared)
		*s->model.selector = SUD_SELECTOR_BLOCK;

	int cell = own_cell(s);
	enum way way = chance(s, 3) ? WAY_INT80 : WAY_SYSCALL;

	call(s, cell, way, expected(s, cell, way));
	count(nested);

	if (s->model.c.selector && !s->model.shared)
		*s->model.selector = selector;
	s->rng = rng;
	s->up_frame = saved.frame;
	memcpy((void *)&s->up_count, saved.up, sizeof(saved.up));
}

/* A tracer died while it stepped the thread. */
static void on_trap(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)info;
	(void)context;
}

static void on_crash(int sig, siginfo_t *info, void *context)
{
	mcontext_t *m = &((ucontext_t *)context)->uc_mcontext;

	/* Of no fault: who sent it, or that the kernel did. */
	if (sig == SIGSEGV &&
	    (info->si_code <= 0 || info->si_code == SI_KERNEL))
		FAIL(self(), "SIGSEGV's si_code", info->si_code,
		     m->gregs[REG_RIP]);
	if (sig == SIGSEGV)
		FAIL(self(), "SIGSEGV", m->gregs[REG_CR2], m->gregs[REG_RIP]);
	FAIL(self(), "a fatal signal", sig, m->gregs[REG_RIP]);
}

void on_signal(int sig, void (*handler)(int, siginfo_t *, void *), int flags)
{
	struct sigaction sa = { .sa_sigaction = handler,
				.sa_flags = SA_SIGINFO | SA_RESTART | flags };

	if (sigaction(sig, &sa, NULL))
		FAIL(NULL, "sigaction", sig, 0);
}

void signals_init(void)
{
	static const int crashes[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE };

	/* A signal handler may be handed a call inside a SIGSYS handler. */
	on_signal(SIGSYS, on_sigsys, SA_NODEFER);
	on_signal(SIGUSR1, on_usr1, 0);
	on_signal(SIGTRAP, on_trap, 0);
	for (u32 i = 0; i < ARRAY_SIZE(crashes); i++)
		on_signal(crashes[i], on_crash, 0);
}
