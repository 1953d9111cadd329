// SPDX-License-Identifier: GPL-2.0-only
/*
 * A blocked call is not seen by a tracer, on entry or on exit. The next one is.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/ptrace.h>
#include <sys/user.h>

#include "lib/armed.h"
#include "lib/backend.h"
#include "lib/clock.h"
#include "lib/harness.h"
#include "lib/sigsys.h"
#include "lib/sites.h"
#include "lib/tracer.h"

/* By upcall, not by SIGSYS. */
static bool upcalls;

/* Blocked calls between natural ones, which frame what a tracer sees. */
static void traced_child(void)
{
	arm_all(upcalls);
	raise(SIGSTOP);
	site_a(SYS_getppid, 0, 0, 0);
	blocked(MAGIC_NR, 0, 0, 0);
	site_a(SYS_getuid, 0, 0, 0);
	blocked(MAGIC_NR + 1, 0, 0, 0);
	blocked(MAGIC_NR + 2, 0, 0, 0);
	site_a(SYS_getgid, 0, 0, 0);
	_exit(seen.count == 3 ? 0 : 1);
}

#define STOPS 64

/* Each system call stop's number, in order; SIGSYS stops as -1000. */
static int trace(int request, long *stops)
{
	int status, n = 0;
	pid_t pid = fork();

	if (!pid) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		traced_child();
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
	CHECK_OK(ptrace(PTRACE_SETOPTIONS, pid, 0,
			PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL));
	int sig = 0;

	for (;;) {
		struct user_regs_struct regs;

		CHECK_OK(ptrace(request, pid, 0, sig));
		CHECK_EQ(waitpid(pid, &status, 0), pid);
		if (!WIFSTOPPED(status))
			break;
		CHECK(n < STOPS);
		CHECK_OK(ptrace(PTRACE_GETREGS, pid, 0, &regs));
		sig = 0;
		if (WSTOPSIG(status) == (SIGTRAP | 0x80)) {
			stops[n++] = regs.orig_rax;
		} else {
			sig = WSTOPSIG(status);
			stops[n++] = -1000 - (sig != SIGSYS);
		}
	}
	CHECK(WIFEXITED(status));
	CHECK_EQ(WEXITSTATUS(status), 0);
	return n;
}

TEST_BOTH(
	ptrace,
	"a tracer of system calls sees entry and exit of those that run, and of no other")
{
	/* After the SIGSTOP of raise(): its exit. */
	static const long want[] = {
		SYS_getppid,
		SYS_getppid,
		-1000,
		SYS_rt_sigreturn,
		SYS_rt_sigreturn,
		SYS_getuid,
		SYS_getuid,
		-1000,
		SYS_rt_sigreturn,
		SYS_rt_sigreturn,
		-1000,
		SYS_rt_sigreturn,
		SYS_rt_sigreturn,
		SYS_getgid,
		SYS_getgid,
		SYS_exit_group,
	};
	long stops[STOPS];
	int n = trace(PTRACE_SYSCALL, stops), at = 0;

	/* What raise() itself still does comes first. */
	while (at < n && stops[at] != SYS_getppid)
		at++;
	for (unsigned int i = 0; i < sizeof(want) / sizeof(*want); i++) {
		if (at + (int)i >= n)
			FAIL("only %d stops", n);
		/* The number after a sigreturn is not the call's any more. */
		if (want[i] == SYS_rt_sigreturn && i &&
		    want[i - 1] == SYS_rt_sigreturn)
			continue;
		if (stops[at + i] != want[i])
			FAIL("stop %u is of %ld, not %ld", i, stops[at + i],
			     want[i]);
	}
	CHECK_EQ(n - at, sizeof(want) / sizeof(*want));
}

TEST_BOTH(ptrace_cont,
	  "a tracer that lets go at SIGSYS gets no stop from the calls after it")
{
	int status, stops = 0;
	pid_t pid = fork();

	if (!pid) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		traced_child();
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_OK(ptrace(PTRACE_SETOPTIONS, pid, 0,
			PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL));
	int sig = 0, request = PTRACE_SYSCALL;

	for (;;) {
		CHECK_OK(ptrace(request, pid, 0, sig));
		CHECK_EQ(waitpid(pid, &status, 0), pid);
		if (!WIFSTOPPED(status))
			break;
		sig = 0;
		if (WSTOPSIG(status) == (SIGTRAP | 0x80)) {
			CHECK(request == PTRACE_SYSCALL);
			continue;
		}
		sig = WSTOPSIG(status);
		CHECK_EQ(sig, SIGSYS);
		stops++;
		request = PTRACE_CONT;
	}
	CHECK(WIFEXITED(status));
	CHECK_EQ(WEXITSTATUS(status), 0);
	CHECK_EQ(stops, 3);
}

static int death_pipe[2];

/* Its selector is bad: this call must not run, and no later one. */
static void doomed_child(void)
{
	ptrace(PTRACE_TRACEME, 0, 0, 0);
	arm_all(upcalls);
	selector = 77;
	site_a(SYS_write, death_pipe[1], (long)"x", 1);
	selector = SUD_SELECTOR_ALLOW;
	site_a(SYS_write, death_pipe[1], (long)"y", 1);
	for (;;)
		;
}

TEST_BOTH(death_held_back,
	  "a tracer that holds the death by a bad selector back gains nothing")
{
	int status;
	char c;

	CHECK_OK(pipe2(death_pipe, O_NONBLOCK));
	pid_t pid = fork();

	if (!pid)
		doomed_child();
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	/* From 5.16 on nobody is asked. On 5.10 the first stop is held back. */
	if (WIFSTOPPED(status)) {
		CHECK(!native && WSTOPSIG(status) == SIGSYS);
		CHECK_OK(ptrace(PTRACE_CONT, pid, 0, 0));
		CHECK_EQ(waitpid(pid, &status, 0), pid);
		CHECK(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSEGV);
		CHECK_OK(ptrace(PTRACE_CONT, pid, 0, SIGSEGV));
		CHECK_EQ(waitpid(pid, &status, 0), pid);
	}
	CHECK(WIFSIGNALED(status));
	CHECK_ERR(read(death_pipe[0], &c, 1), EAGAIN);
}

/* Shared by the tracer, the traced thread and the one that takes SIGSYS away. */
static struct race {
	volatile int go, handled, ready, delay;
} *race;

static void race_handler(int sig)
{
	(void)sig;
	selector = SUD_SELECTOR_ALLOW;
	race->handled = 1;
}

static void *flush_sigsys(void *unused)
{
	(void)unused;
	race->ready = 1;
	while (!race->go)
		;
	for (volatile int i = race->delay; i > 0; i--)
		;
	signal(SIGSYS, SIG_IGN);
	return NULL;
}

static void racing_child(void)
{
	pthread_t thread;

	signal(SIGSYS, race_handler);
	CHECK_EQ(pthread_create(&thread, NULL, flush_sigsys, NULL), 0);
	while (!race->ready)
		sched_yield();
	selector = SUD_SELECTOR_ALLOW;
	CHECK_OK(arm(SUD_MODE_EXCLUSIVE, 0, 0, &selector));
	ptrace(PTRACE_TRACEME, 0, 0, 0);
	kill(getpid(), SIGSTOP);
	race->go = 1;
	selector = SUD_SELECTOR_BLOCK;
	site_a(MAGIC_NR, 0, 0, 0);
	selector = SUD_SELECTOR_ALLOW;
	site_b(SYS_getppid, 0, 0, 0);
	site_b(SYS_exit_group, 0, 0, 0);
}

TEST_LIMIT(
	ptrace_flushed,
	"a tracer sees the next call also when another thread took SIGSYS away",
	true, 120)
{
	race = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(race != MAP_FAILED);
	/* The other delays, where there are fewer. */
	int step = 600 / often(600);

	for (int n = 0; n < 600; n += step) {
		int status, seen_next = 0, first = 1;

		memset(race, 0, sizeof(*race));
		race->delay = n * 7 % 600;
		pid_t pid = fork();

		if (!pid)
			racing_child();
		for (;;) {
			struct user_regs_struct regs;
			int sig;

			CHECK_EQ(waitpid(pid, &status, __WALL), pid);
			if (!WIFSTOPPED(status))
				break;
			sig = WSTOPSIG(status);
			if (first) {
				CHECK_OK(ptrace(PTRACE_SETOPTIONS, pid, 0,
						PTRACE_O_TRACESYSGOOD |
							PTRACE_O_EXITKILL));
				first = 0;
				sig = 0;
			} else if (sig == (SIGTRAP | 0x80)) {
				CHECK_OK(ptrace(PTRACE_GETREGS, pid, 0, &regs));
				seen_next += regs.orig_rax == SYS_getppid;
				sig = 0;
			}
			CHECK_OK(ptrace(PTRACE_SYSCALL, pid, 0, sig));
		}
		/* It died of an ignored SIGSYS, or the call was seen. */
		if (WIFEXITED(status) && seen_next != 2)
			FAIL("round %d: %d stops of the next call", n,
			     seen_next);
	}
}

TEST_BOTH(ptrace_sysemu, "PTRACE_SYSEMU sees no blocked call")
{
	int status, calls = 0, sigs = 0;
	pid_t pid = fork();

	if (!pid) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		arm_all(upcalls);
		kill(getpid(), SIGSTOP);
		selector = SUD_SELECTOR_BLOCK;
		site_a(MAGIC_NR, 0, 0, 0);
		/* The tracer swallows SIGSYS, so no handler does this. */
		selector = SUD_SELECTOR_ALLOW;
		site_b(SYS_exit_group, 0, 0, 0);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_OK(ptrace(PTRACE_SETOPTIONS, pid, 0,
			PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL));
	int sig = 0;

	for (int i = 0; i < 8; i++) {
		struct user_regs_struct regs;

		CHECK_OK(ptrace(PTRACE_SYSEMU, pid, 0, sig));
		CHECK_EQ(waitpid(pid, &status, 0), pid);
		if (!WIFSTOPPED(status))
			break;
		CHECK_OK(ptrace(PTRACE_GETREGS, pid, 0, &regs));
		sig = 0;
		if (WSTOPSIG(status) == SIGSYS) {
			sigs++;
			continue;
		}
		CHECK(regs.orig_rax != MAGIC_NR);
		calls++;
		if (regs.orig_rax == SYS_exit_group)
			break;
	}
	CHECK_EQ(sigs, 1);
	CHECK_EQ(calls, 1);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
}

TEST_BOTH(singlestep,
	  "a debugger that steps over a blocked call stops at its SIGSYS, once")
{
	int status;
	struct user_regs_struct regs;
	pid_t pid = fork();

	if (!pid) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		arm_all(upcalls);
		selector = SUD_SELECTOR_BLOCK;
		/* SIGTRAP from an int3 in front of the call. */
		asm volatile("int3\n\t"
			     "movl $0x2345, %%eax\n\t"
			     "syscall\n\t"
			     :
			     :
			     : "rax", "rcx", "r11", "memory");
		_exit(seen.count == 1 ? 0 : 1);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP);
	CHECK_OK(ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_EXITKILL));
	/* mov */
	CHECK_OK(ptrace(PTRACE_SINGLESTEP, pid, 0, 0));
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_OK(ptrace(PTRACE_GETREGS, pid, 0, &regs));
	CHECK_EQ(regs.rax, 0x2345);
	/* syscall */
	CHECK_OK(ptrace(PTRACE_SINGLESTEP, pid, 0, 0));
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK(WIFSTOPPED(status));
	CHECK_EQ(WSTOPSIG(status), SIGSYS);
	CHECK_OK(ptrace(PTRACE_CONT, pid, 0, SIGSYS));
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	if (WIFSTOPPED(status))
		FAIL("a stop by %d after the signal", WSTOPSIG(status));
	CHECK_EQ(WEXITSTATUS(status), 0);
}
