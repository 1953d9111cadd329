// SPDX-License-Identifier: GPL-2.0-only
/*
 * Numbers that look like the codes by which the kernel restarts a call. Native
 * SUD takes them for that and its handlers see a changed ax or ip; here they
 * are numbers like any other.
 */
#include "lib/backend.h"
#include "lib/clock.h"
#include "lib/harness.h"
#include "lib/sigsys.h"
#include "lib/sites.h"

static const int numbers[] = { -511, -512, -513, -514, -515, -516, -517 };
#define N (sizeof(numbers) / sizeof(*numbers))

#ifdef __x86_64__
#define AX REG_RAX
#define IP REG_RIP
#else
#define AX REG_EAX
#define IP REG_EIP
#endif

static int others;

static void other_signal(int sig)
{
	(void)sig;
	others++;
}

static void check_numbers(long (*site)(long, long, long, long), char *ip,
			  bool with_signal)
{
	int expect = 0;

	handle_sigsys();
	signal(SIGUSR1, other_signal);
	CHECK_OK(arm(SUD_MODE_EXCLUSIVE, 0, 0, &selector));
	for (unsigned int i = 0; i < N; i++) {
		sigset_t set;

		sigemptyset(&set);
		sigaddset(&set, SIGUSR1);
		if (with_signal) {
			/* Pending at the blocked call, and let in by it: the
			 * handler's frame is built in the same way out.
			 */
			CHECK_OK(sigprocmask(SIG_BLOCK, &set, NULL));
			CHECK_OK(raise(SIGUSR1));
		}
		selector = SUD_SELECTOR_BLOCK;
		CHECK_EQ((int)site(numbers[i], 1, 2, 3), numbers[i]);
		CHECK_EQ(seen.count, ++expect);
		CHECK_EQ((int)seen.uc.uc_mcontext.gregs[AX], numbers[i]);
		CHECK_EQ(seen.uc.uc_mcontext.gregs[IP], (long)ip);
		CHECK_EQ(seen.info.si_syscall, numbers[i]);
		CHECK_OK(sigprocmask(SIG_UNBLOCK, &set, NULL));
	}
	CHECK_EQ(others, with_signal ? (int)N : 0);
}

TEST(restart_numbers, "-511 to -517 come as they are")
{
	check_numbers(site_a, site_a_ip, false);
}

TEST(restart_numbers_signal, "and with a signal pending")
{
	check_numbers(site_a, site_a_ip, true);
}

TEST(restart_numbers_int80, "and by int $0x80")
{
	check_numbers(site_int80, site_int80_ip, false);
}

/* Signals keep coming while such calls are made. */
TEST(restart_numbers_storm, "and under a storm of signals")
{
	int expect = 0;
	pid_t pid, me = getpid();

	handle_sigsys();
	signal(SIGUSR1, other_signal);
	pid = fork();
	if (!pid) {
		while (!kill(me, SIGUSR1))
			;
		_exit(0);
	}
	CHECK_OK(arm(SUD_MODE_EXCLUSIVE, 0, 0, &selector));
	for (int round = 0; round < often(2000) || (!others && round < 500000);
	     round++) {
		int nr = numbers[round % N];

		/* SIGUSR1's handler must not come with the selector at BLOCK:
		 * its return is a call.
		 */
		sigset_t set;

		sigemptyset(&set);
		sigaddset(&set, SIGUSR1);
		CHECK_OK(sigprocmask(SIG_BLOCK, &set, NULL));
		selector = SUD_SELECTOR_BLOCK;
		CHECK_EQ((int)site_a(nr, 0, 0, 0), nr);
		CHECK_EQ(seen.count, ++expect);
		CHECK_EQ((int)seen.uc.uc_mcontext.gregs[AX], nr);
		CHECK_EQ(seen.uc.uc_mcontext.gregs[IP], (long)site_a_ip);
		CHECK_OK(sigprocmask(SIG_UNBLOCK, &set, NULL));
	}
	kill(pid, SIGKILL);
	CHECK(others > 0);
}
