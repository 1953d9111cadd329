// SPDX-License-Identifier: GPL-2.0-only
/*
 * The return from the handler of SIGSYS, while the selector says BLOCK: by
 * SUD_FLAG_SIGRETURN, and by the vDSO, whose code native SUD exempts. What a child has
 * of it is in inherit_behaviour.c, what libsud makes of it in libsud_signals.c.
 */
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>

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

/* Zeroed, so that no siginfo of an earlier signal is found on it. */
static char fresh_stack[65536] __attribute__((aligned(64)));
static int handler_flags;

static void return_from_handler(void)
{
	stack_t own = { .ss_sp = fresh_stack, .ss_size = sizeof(fresh_stack) };
	struct sigaction sa = { .sa_sigaction = leave_blocked,
				.sa_flags = SA_ONSTACK | handler_flags };
	struct sud_config c = {
		.size = sizeof(c),
		.mode = SUD_MODE_EXCLUSIVE,
		.selector = (uintptr_t)&selector,
		.flags = SUD_FLAG_SIGRETURN,
	};

	CHECK_OK(sigaltstack(&own, NULL));
	CHECK_OK(sigaction(SIGSYS, &sa, NULL));
	selector = SUD_SELECTOR_ALLOW;
	CHECK_OK(sud_set(sud_fd, &c));
	CHECK_EQ(blocked(MAGIC_NR, 0, 0, 0), MAGIC_NR);
}

TEST(sigreturn_no_siginfo, "SIGRETURN serves no handler without SA_SIGINFO")
{
	handler_flags = 0;
	expect_death(return_from_handler, SIGSYS);
	handler_flags = SA_SIGINFO;
	CHECK_EQ(in_child(return_from_handler), 0);
}

/* What each SIGSYS was for. The handler returns at BLOCK. */
static volatile int codes[4], code_count;

static void return_blocked(int sig, siginfo_t *info, void *uc)
{
	(void)sig;
	(void)uc;
	selector = SUD_SELECTOR_ALLOW;
	codes[code_count++] = info->si_code;
	/* The way back from seccomp's has come here: its own return would be lost. */
	if (code_count == 3) {
		CHECK_EQ(codes[0], SYS_USER_DISPATCH);
		CHECK_EQ(codes[1], SYS_SECCOMP);
		CHECK_EQ(codes[2], SYS_USER_DISPATCH);
		CHECK_EQ(info->si_syscall, SYS_rt_sigreturn);
		_exit(42);
	}
	selector = SUD_SELECTOR_BLOCK;
}

static int seccomp_flags;
static bool return_allowed;

static void return_as_told(int sig, siginfo_t *info, void *uc)
{
	return_blocked(sig, info, uc);
	if (return_allowed && info->si_code == SYS_SECCOMP)
		selector = SUD_SELECTOR_ALLOW;
}

static void return_from_seccomp(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, MAGIC_NR, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { COUNT(filter), filter };
	struct sigaction sa = { .sa_sigaction = return_as_told,
				.sa_flags = SA_SIGINFO | seccomp_flags };
	struct sud_config c = {
		.size = sizeof(c),
		.mode = SUD_MODE_EXCLUSIVE,
		.selector = (uintptr_t)&selector,
		.flags = SUD_FLAG_SIGRETURN,
	};

	CHECK_OK(sigaction(SIGSYS, &sa, NULL));
	CHECK_OK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	CHECK_OK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog));
	selector = SUD_SELECTOR_ALLOW;
	CHECK_OK(sud_set(sud_fd, &c));
	/* The module's own: its handler returns at BLOCK. */
	CHECK_EQ(blocked(MAGIC_NR, 0, 0, 0), MAGIC_NR);
	CHECK_EQ(code_count, 1);
	CHECK_EQ(selector, SUD_SELECTOR_BLOCK);
	/* The same call, allowed, is seccomp's. */
	selector = SUD_SELECTOR_ALLOW;
	site_a(MAGIC_NR, 0, 0, 0);
	CHECK_EQ(code_count, 2);
	CHECK_EQ(codes[1], SYS_SECCOMP);
}

TEST(sigreturn_seccomp, "SIGRETURN does not cover the SIGSYS of seccomp")
{
	int status;

	/* The return is blocked while SIGSYS is, which kills. */
	expect_death(return_from_seccomp, SIGSYS);
	/* With SIGSYS open it is dispatched, as any other call. */
	seccomp_flags = SA_NODEFER;
	status = in_child(return_from_seccomp);
	CHECK(WIFEXITED(status));
	CHECK_EQ(WEXITSTATUS(status), 42);
	/* And with the selector at ALLOW it returns. */
	seccomp_flags = 0;
	return_allowed = true;
	CHECK_EQ(in_child(return_from_seccomp), 0);
}
#endif
