// SPDX-License-Identifier: GPL-2.0-only
/*
 * The return from the handler of SIGSYS, while the selector says BLOCK: by
 * SUD_FLAG_SIGRETURN, and by the vDSO, whose code native SUD exempts. What a child has
 * of it is in inherit_behaviour.c, what libsud makes of it in libsud_signals.c.
 */
#include "lib/backend.h"
#include "lib/harness.h"
#include "lib/sigsys.h"
#include "lib/sites.h"
#include "lib/upcalls.h"

#ifndef __x86_64__
/* Without SA_RESTORER the kernel returns through its vDSO, which is exempt. */
static volatile int vdso_count;

static void leave_vdso_blocked(int sig)
{
	(void)sig;
	vdso_count++;
}

struct kernel_sigaction {
	void (*handler)(int);
	unsigned long flags;
	void (*restorer)(void);
	unsigned long long mask;
};

static void vdso_sigreturn(unsigned long flags)
{
	struct kernel_sigaction sa = { .handler = leave_vdso_blocked,
				       .flags = flags };

	CHECK_OK(syscall(SYS_rt_sigaction, SIGSYS, &sa, NULL, 8));
	CHECK_OK(arm(SUD_MODE_EXCLUSIVE, 0, 0, &selector));
	CHECK_EQ(blocked(MAGIC_NR, 0, 0, 0), MAGIC_NR);
	CHECK_EQ(vdso_count, 1);
	CHECK_EQ(selector, SUD_SELECTOR_BLOCK);
	CHECK_EQ(blocked(MAGIC_NR, 0, 0, 0), MAGIC_NR);
	CHECK_EQ(vdso_count, 2);
	selector = SUD_SELECTOR_ALLOW;
}

TEST_BOTH(vdso_sigreturn_old, "the vDSO's sigreturn is exempt")
{
	vdso_sigreturn(0);
}

TEST_BOTH(vdso_sigreturn_rt, "the vDSO's rt_sigreturn is exempt")
{
	vdso_sigreturn(SA_SIGINFO);
}
#endif

static volatile int returns;

static void leave_blocked(int sig, siginfo_t *info, void *uc)
{
	(void)sig;
	(void)info;
	(void)uc;
	returns++;
}

TEST(sigreturn_flag,
     "SIGRETURN: the handler returns with the selector at BLOCK and no region")
{
	struct sigaction sa = { .sa_sigaction = leave_blocked,
				.sa_flags = SA_SIGINFO };
	struct sud_config c = config_upcall(true);

	CHECK_OK(sigaction(SIGSYS, &sa, NULL));
	c.delivery = SUD_DELIVER_SIGSYS;
	c.upcall_entry = 0;
	c.upcall_frame = 0;
	c.flags = SUD_FLAG_SIGRETURN;
	selector = SUD_SELECTOR_ALLOW;
	CHECK_OK(sud_set(sud_fd, &c));
	for (int i = 1; i <= 100; i++) {
		CHECK_EQ(blocked(MAGIC_NR, 0, 0, 0), MAGIC_NR);
		int now = selector;

		selector = SUD_SELECTOR_ALLOW;
		CHECK_EQ(now, SUD_SELECTOR_BLOCK);
		CHECK_EQ(returns, i);
	}
}

#ifdef __x86_64__
static void sigreturn_by_hand(void)
{
	struct sigaction sa = { .sa_handler = exit_42 };
	struct sud_config c = config_upcall(true);

	CHECK_OK(sigaction(SIGSYS, &sa, NULL));
	c.delivery = SUD_DELIVER_SIGSYS;
	c.upcall_entry = 0;
	c.upcall_frame = 0;
	c.flags = SUD_FLAG_SIGRETURN | SUD_FLAG_AUTO_ALLOW;
	selector = SUD_SELECTOR_ALLOW;
	CHECK_OK(sud_set(sud_fd, &c));
	blocked(SYS_rt_sigreturn, 0, 0, 0);
}

TEST(sigreturn_guest, "a guest's own call of that number is dispatched")
{
	int status = in_child(sigreturn_by_hand);

	CHECK(WIFEXITED(status));
	CHECK_EQ(WEXITSTATUS(status), 42);
}
#endif
