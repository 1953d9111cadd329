// SPDX-License-Identifier: GPL-2.0-only
/*
 * tools/libsud and signals: their handlers make blocked calls, return by a blocked
 * rt_sigreturn, and jump out, wherever they interrupted.
 */
#include <setjmp.h>

#include "lib/clock.h"
#include "lib/harness.h"
#include "lib/libsud_guest.h"
#include "lib/set_calls.h"
#include "lib/sites.h"
#include "lib/upcalls.h"

/* Storms: another process keeps SIGUSR1 pending. */
static pid_t storm_start(void)
{
	pid_t pid, me = getpid();

	pid = fork();
	CHECK_OK(pid);
	if (!pid) {
		while (!kill(me, SIGUSR1))
			;
		_exit(0);
	}
	return pid;
}

static void storm_end(pid_t pid)
{
	signal(SIGUSR1, SIG_IGN);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static volatile int usr1, usr1_bad;

/* Adds, so that each call has an answer of its own. */
static long add(struct sud_call *call)
{
	spoil();
	if (call->rax != MAGIC_NR)
		return sud_call_native(call);
	return call->rdi + call->rsi + call->rdx;
}

static void on_usr1_guest(int sig)
{
	int old = sud_call_block();

	(void)sig;
	usr1++;
	if (site_a(MAGIC_NR, usr1, 1, 0) != usr1 + 1)
		usr1_bad++;
	sud_call_restore(old);
}

static void storm(unsigned int flags, bool own_stack)
{
	pid_t pid;

	usr1 = 0;
	signal(SIGUSR1, on_usr1_guest);
	install_at(add, flags, own_stack);
	pid = storm_start();
	sud_call_block();
	for (int i = 1; i <= 20000 || (!usr1 && i <= 5000000); i++)
		CHECK_EQ(site_a(MAGIC_NR, i, 2, 3), i + 5);
	sud_call_allow();
	storm_end(pid);
	CHECK(usr1 > 0);
	CHECK_EQ(usr1_bad, 0);
}

TEST_LIMIT(storm,
	   "20000 calls in a storm of signals whose handler's calls are blocked",
	   false, 60)
{
	storm(0, false);
}

TEST_LIMIT(storm_own, "the same on an own stack", false, 60)
{
	storm(0, true);
}

TEST_LIMIT(storm_no_selector, "the same without a selector", false, 60)
{
	storm(SUD_UPCALL_NO_SELECTOR, false);
}

static void on_usr1_plain(int sig)
{
	(void)sig;
	usr1++;
	if (site_a(MAGIC_NR, usr1, 1, 0) != usr1 + 1)
		usr1_bad++;
}

TEST_LIMIT(storm_unaware,
	   "without a selector the signal handler needs to know nothing", false,
	   60)
{
	pid_t pid;

	signal(SIGUSR1, on_usr1_plain);
	install_at(add, SUD_UPCALL_NO_SELECTOR, false);
	pid = storm_start();
	for (int i = 1; i <= 20000 || (!usr1 && i <= 5000000); i++)
		CHECK_EQ(site_a(MAGIC_NR, i, 2, 3), i + 5);
	storm_end(pid);
	CHECK(usr1 > 0);
	CHECK_EQ(usr1_bad, 0);
}

/*
 * The whole program is the guest: the signal handler's way back is blocked,
 * too, and afterwards the selector must be BLOCK wherever the signal came.
 */
static volatile int sigreturns;

static long count_sigreturn(struct sud_call *call)
{
	if (call->rax == SYS_rt_sigreturn)
		sigreturns++;
	return add(call);
}

static void whole_program(const struct sud_options *o)
{
	pid_t pid;

	signal(SIGUSR1, on_usr1_guest);
	CHECK_OK(sud_upcall_install(count_sigreturn, o));
	pid = storm_start();
	sud_call_block();
	/* On few CPUs the first signals may all come in the handler. */
	for (int i = 1; i <= 20000 || (!sigreturns && i <= 5000000); i++)
		CHECK_EQ(site_a(MAGIC_NR, i, 2, 3), i + 5);
	CHECK_EQ(sud_call_allow(), SUD_SELECTOR_BLOCK);
	storm_end(pid);
	CHECK(usr1 > 0);
	CHECK(sigreturns > 0);
	CHECK_EQ(usr1_bad, 0);
}

TEST_LIMIT(sigreturn,
	   "exclusive: rt_sigreturn of guest handlers is blocked, and done",
	   false, 60)
{
	whole_program(NULL);
}

TEST_LIMIT(sigreturn_region, "the same with a region that holds other code",
	   false, 60)
{
	struct sud_options o = at_site_a(0, false);

	o.mode = SUD_MODE_EXCLUSIVE;
	o.offset = (uintptr_t)site_b;
	whole_program(&o);
	CHECK_EQ(site_b(MAGIC_NR, 0, 0, 0), -ENOSYS);
}

TEST_LIMIT(sigreturn_own, "the same on an own stack", false, 60)
{
	struct sud_options o = { .mode = SUD_MODE_EXCLUSIVE,
				 .stack = guest_stack,
				 .stack_size = sizeof(guest_stack) };

	whole_program(&o);
}

/* Leaves a signal pending that is masked until it returns. */
static void on_trap(int sig)
{
	(void)sig;
	raise(SIGUSR2);
}

TEST(sigreturn_pending,
     "a signal that such a return unblocks finds the selector at BLOCK")
{
	struct sigaction sa = { .sa_handler = on_trap };
	struct sud_options o = at_site_a(0, false);

	o.mode = SUD_MODE_EXCLUSIVE;
	o.offset = (uintptr_t)site_b;
	sigaddset(&sa.sa_mask, SIGUSR2);
	CHECK_OK(sigaction(SIGTRAP, &sa, NULL));
	signal(SIGUSR2, on_usr1_plain);
	for (int region = 0; region < 2; region++) {
		CHECK_OK(sud_upcall_install(count_sigreturn,
					    region ? &o : NULL));
		for (int i = 1; i <= 100; i++) {
			sigreturns = 0;
			usr1 = 0;
			sud_call_block();
			asm volatile("int3");
			CHECK_EQ(sud_call_allow(), SUD_SELECTOR_BLOCK);
			/* With a region a stale siginfo may exempt them. */
			CHECK(region || sigreturns == 2);
			CHECK_EQ(usr1, 1);
			CHECK_EQ(usr1_bad, 0);
		}
	}
}

static sigjmp_buf jump;

static long jump_out(struct sud_call *call)
{
	if (call->rdi == 1)
		siglongjmp(jump, 1);
	return RESULT;
}

TEST(longjmp, "siglongjmp out of the handler, 1000 times, on both stacks")
{
	for (volatile int own_stack = 0; own_stack < 2; own_stack++) {
		volatile int back = 0;

		install_at(jump_out, 0, own_stack);
		for (volatile int i = 0; i < 1000; i++) {
			if (!sigsetjmp(jump, 1)) {
				sud_call_block();
				site_a(MAGIC_NR, 1, 0, 0);
				FAIL("the handler returned");
			}
			back++;
			CHECK_EQ(sud_call_block(), SUD_SELECTOR_ALLOW);
			CHECK_EQ(site_a(MAGIC_NR, 0, 0, 0), RESULT);
			sud_call_allow();
		}
		CHECK_EQ(back, 1000);
	}
}

static void jump_now(int sig)
{
	(void)sig;
	siglongjmp(jump, 1);
}

TEST_LIMIT(longjmp_storm,
	   "siglongjmp out of signal handlers, wherever they interrupted",
	   false, 60)
{
	volatile int jumps = 0;
	const int wanted = often(1000);
	pid_t pid;

	for (volatile int own_stack = 0; own_stack < 2; own_stack++) {
		sigset_t usr;

		sigemptyset(&usr);
		sigaddset(&usr, SIGUSR1);
		CHECK_OK(sigprocmask(SIG_BLOCK, &usr, NULL));
		signal(SIGUSR1, jump_now);
		pid = storm_start();
		install_at(add, 0, own_stack);
		/* The mask blocks it here, and as often as it comes back. */
		while (sigsetjmp(jump, 1))
			jumps++;
		sud_call_allow();
		if (jumps < wanted * (own_stack + 1)) {
			sigprocmask(SIG_UNBLOCK, &usr, NULL);
			sud_call_block();
			for (int i = 1;; i++)
				if (site_a(MAGIC_NR, i, 2, 3) != i + 5)
					_exit(97);
		}
		signal(SIGUSR1, SIG_IGN);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		sud_call_block();
		CHECK_EQ(site_a(MAGIC_NR, 1, 2, 3), 6);
		sud_call_allow();
	}
	CHECK(jumps >= wanted * 2);
}
