// SPDX-License-Identifier: GPL-2.0-only
/*
 * Inheritance beside a tracer, who may change a call after it was judged.
 */
#include <sys/ptrace.h>
#include <sys/user.h>

#include "lib/armed.h"
#include "lib/backend.h"
#include "lib/clock.h"
#include "lib/harness.h"
#include "lib/module.h"
#include "lib/sigsys.h"
#include "lib/sites.h"
#include "lib/spawn.h"

#ifdef __LP64__
/*
 * A tracer. It stops its tracees at each system call, and new ones at their
 * first stop, where they must be armed as said.
 */
static struct sud_config traced_config;
static int new_tracees;
/* At the entry of a call: true when it has changed the registers. */
static bool (*at_entry)(pid_t pid, struct user_regs_struct *regs);

/* struct ptrace_syscall_info, of which libcs have different ones. */
struct call_info {
	uint8_t op; /* 1 at entry */
	uint8_t pad[3];
	uint32_t arch;
	uint64_t rest[12];
};

#define GET_SYSCALL_INFO 0x420e

static void at_call(pid_t pid)
{
	struct user_regs_struct regs;
	struct call_info info;

	CHECK_OK(ptrace(GET_SYSCALL_INFO, pid, sizeof(info), &info));
	if (info.op != 1 || !at_entry)
		return;
	CHECK_OK(ptrace(PTRACE_GETREGS, pid, 0, &regs));
	if (at_entry(pid, &regs))
		CHECK_OK(ptrace(PTRACE_SETREGS, pid, 0, &regs));
}

static void at_birth(pid_t pid)
{
	struct sud_task_config task = { .tid = pid };
	struct sud_config c;

	CHECK_OK(sud_get_task(sud_fd, &task, &c));
	CHECK(same(&c, &traced_config));
	new_tracees++;
}

/* What to give the tracee, when it goes on. */
static int at_stop(pid_t pid, int status)
{
	int sig = WSTOPSIG(status);

	if (status >> 16)
		return 0;
	if (sig == (SIGTRAP | 0x80)) {
		at_call(pid);
		return 0;
	}
	if (sig == SIGSTOP) {
		at_birth(pid);
		return 0;
	}
	return sig;
}

/* fn runs in a tracee. Its wait status, when all tracees have ended. */
static int trace(void (*fn)(void), long options)
{
	int status, of_first = -1;
	pid_t first, pid;

	first = fork();
	CHECK_OK(first);
	if (!first) {
		CHECK_OK(ptrace(PTRACE_TRACEME, 0, 0, 0));
		raise(SIGSTOP);
		fn();
		_exit(0);
	}
	CHECK_EQ(waitpid(first, &status, 0), first);
	CHECK(WIFSTOPPED(status));
	CHECK_OK(ptrace(PTRACE_SETOPTIONS, first, 0,
			PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL | options));
	CHECK_OK(ptrace(PTRACE_SYSCALL, first, 0, 0));
	while ((pid = waitpid(-1, &status, __WALL)) > 0) {
		if (!WIFSTOPPED(status)) {
			if (pid == first)
				of_first = status;
			continue;
		}
		int sig = at_stop(pid, status);

		/* One that SIGKILL or another's exit took is gone by now. */
		if (ptrace(PTRACE_SYSCALL, pid, 0, sig))
			CHECK_EQ(errno, ESRCH);
	}
	CHECK_EQ(errno, ECHILD);
	return of_first;
}

#define TRACE_CHILDREN \
	(PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE)

static const struct spawn_call ways[] = {
	{ SYS_fork, { -1, -1, -1, -1, -1 } },
	{ SYS_vfork, { -1, -1, -1, -1, -1 } },
	{ SYS_clone,
	  { CLONE_A_THREAD, (uintptr_t)spawn_stack + sizeof(spawn_stack), -1,
	    -1, -1 } },
	{ SYS_clone,
	  { CLONE_VM | SIGCHLD, (uintptr_t)spawn_stack + sizeof(spawn_stack),
	    -1, -1, -1 } },
};

#define WAYS (sizeof(ways) / sizeof(*ways))

static uint64_t way_flags(const struct spawn_call *call)
{
	return call->nr == SYS_clone ? call->arg[0] : 0;
}

static uint64_t traced_with;

static void traced_clones(void)
{
	for (unsigned int i = 0; i < WAYS; i++) {
		struct spawn_call call = ways[i];
		long pid;

		/* fork and vfork have no flags. */
		if (traced_with && call.nr != SYS_clone)
			continue;
		call.arg[0] |= traced_with;
		CHECK_OK(sud_set(sud_fd, &traced_config));
		spawn_reset();
		pid = spawn(&call);
		CHECK_OK(pid);
		end_child(pid, way_flags(&call));
		check_found(&traced_config, "traced", way_flags(&call));
	}
}

TEST_LIMIT(traced, "a tracer sees each new child armed, in its first stop",
	   false, 60)
{
	spawn_init();
	traced_config = spawn_config(BOTH);
	CHECK_EQ(trace(traced_clones, TRACE_CHILDREN), 0);
	CHECK_EQ(new_tracees, 4);
}

TEST_LIMIT(traced_by_flag, "also with CLONE_PTRACE", false, 60)
{
	spawn_init();
	traced_config = spawn_config(BOTH);
	traced_with = CLONE_PTRACE;
	CHECK_EQ(trace(traced_clones, 0), 0);
	CHECK_EQ(new_tracees, 2);
}

TEST_LIMIT(untraced, "and a child that escapes its tracer is armed, too", false,
	   60)
{
	spawn_init();
	traced_config = spawn_config(BOTH);
	traced_with = CLONE_UNTRACED;
	CHECK_EQ(trace(traced_clones, TRACE_CHILDREN), 0);
	CHECK_EQ(new_tracees, 0);
}

/* The tracee calls getppid, and the tracer makes it one of the ways. */
static const struct spawn_call *change_to;
static int changes;

/* In a row: what one has used must be there for the next. */
static int calls_in_a_row(void)
{
	return 2 + often(18);
}

static bool change(pid_t pid, struct user_regs_struct *regs)
{
	(void)pid;
	if (regs->orig_rax != SYS_getppid)
		return false;
	regs->orig_rax = change_to->nr;
	regs->rdi = change_to->arg[0];
	regs->rsi = change_to->arg[1];
	changes++;
	return true;
}

static void harmless_calls(void)
{
	struct spawn_call call = { SYS_getppid, { -1, -1, -1, -1, -1 } };
	long pid;

	CHECK_OK(sud_set(sud_fd, &traced_config));
	for (int i = 0; i < calls_in_a_row(); i++) {
		spawn_reset();
		pid = spawn(&call);
		CHECK_OK(pid);
		end_child(pid, way_flags(change_to));
		check_found(&traced_config, "changed", change_to->nr);
	}
}

TEST_LIMIT(number_changed,
	   "a harmless call that a tracer makes a clone gives an armed child",
	   false, 120)
{
	int before = module_refs();

	spawn_init();
	traced_config = spawn_config(BOTH);
	at_entry = change;
	for (unsigned int i = 0; i < WAYS; i++) {
		change_to = &ways[i];
		changes = 0;
		CHECK_EQ(trace(harmless_calls, 0), 0);
		CHECK_EQ(changes, calls_in_a_row());
	}
	check_refs(before);
}

/* The other way round: the call that was prepared for never comes. */
static bool change_back(pid_t pid, struct user_regs_struct *regs)
{
	(void)pid;
	if (regs->orig_rax != SYS_vfork)
		return false;
	regs->orig_rax = SYS_getppid;
	changes++;
	return true;
}

static void prevented_calls(void)
{
	pid_t parent = getppid();

	CHECK_OK(sud_set(sud_fd, &traced_config));
	for (int i = 0; i < 100; i++)
		CHECK_EQ(site_b(SYS_vfork, 0, 0, 0), parent);
	check_fork(BOTH);
}

TEST_LIMIT(number_changed_back, "a clone that a tracer prevents leaves nothing",
	   false, 60)
{
	int before = module_refs();

	spawn_init();
	traced_config = spawn_config(BOTH);
	at_entry = change_back;
	CHECK_EQ(trace(prevented_calls, 0), 0);
	CHECK_EQ(changes, 100);
	check_refs(before);
}

/* A fork made a thread, and a thread made a fork, with one flag each. */
static bool change_flags(pid_t pid, struct user_regs_struct *regs)
{
	(void)pid;
	if (regs->orig_rax != SYS_clone)
		return false;
	regs->rdi = regs->rdi & CLONE_THREAD ? SIGCHLD : CLONE_A_THREAD;
	changes++;
	return true;
}

static void changed_flags(void)
{
	for (unsigned int i = 0; i < 4; i++) {
		uint64_t asked = i & 1 ? SIGCHLD : CLONE_A_THREAD;
		uint64_t got = i & 1 ? CLONE_A_THREAD : SIGCHLD;
		unsigned int flag = i & 2 ? SUD_FLAG_INHERIT_THREAD
					  : SUD_FLAG_INHERIT_FORK;
		bool armed = (got == SIGCHLD) ==
			     (flag == SUD_FLAG_INHERIT_FORK);
		struct sud_config c = spawn_config(flag);
		struct spawn_call call = spawn_clone(asked);
		long pid;

		CHECK_OK(sud_set(sud_fd, &c));
		spawn_reset();
		pid = spawn(&call);
		CHECK_OK(pid);
		end_child(pid, got);
		check_found(armed ? &c : NULL, "flags", got);
	}
}

TEST_LIMIT(flags_changed, "what counts is what the tracer made of the flags",
	   false, 60)
{
	spawn_init();
	at_entry = change_flags;
	CHECK_EQ(trace(changed_flags, 0), 0);
	CHECK_EQ(changes, 4);
}

/* The tracer arms, re-arms or disarms the parent just before it forks. */
static struct sud_config set_before, set_at_entry;

static bool set_now(pid_t pid, struct user_regs_struct *regs)
{
	struct sud_task_config task = { .tid = pid };

	if (regs->orig_rax == SYS_fork) {
		CHECK_OK(sud_set_task(sud_fd, &task, &set_at_entry));
		changes++;
	}
	return false;
}

static void fork_while_set(void)
{
	struct spawn_call call = { SYS_fork, { -1, -1, -1, -1, -1 } };
	struct sud_config c;
	long pid;

	CHECK_OK(sud_set(sud_fd, &set_before));
	spawn_reset();
	pid = spawn_plain(&call);
	CHECK_OK(pid);
	end_child(pid, 0);
	check_plain(set_at_entry.flags & SUD_FLAG_INHERIT_FORK ? &set_at_entry
							       : NULL,
		    "set");
	CHECK_OK(sud_get(sud_fd, &c));
	CHECK(same(&c, &set_at_entry));
}

TEST_LIMIT(set_at_entry,
	   "a child is armed as its parent is when it is made, by SET_TASK, too",
	   false, 60)
{
	const struct sud_config off = { .size = sizeof(off) };
	const struct {
		struct sud_config before, at_entry;
	} cases[] = {
		{ off, config_a(BOTH) },
		{ config_a(0), config_a(BOTH) },
		{ config_a(SUD_FLAG_INHERIT_THREAD), config_a(BOTH) },
		{ config_a(BOTH), spawn_config(BOTH) },
		{ config_a(BOTH), config_a(0) },
		{ config_a(BOTH), config_a(SUD_FLAG_INHERIT_THREAD) },
		{ config_a(BOTH), off },
	};
	int before = module_refs();

	spawn_init();
	at_entry = set_now;
	for (unsigned int i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		set_before = cases[i].before;
		set_at_entry = cases[i].at_entry;
		changes = 0;
		if (trace(fork_while_set, 0))
			FAIL("case %u", i);
		CHECK_EQ(changes, 1);
	}
	check_refs(before);
}

/*
 * SIGRETURN lets a return from SIGSYS run with the selector at BLOCK; here right
 * after a fork has used up what was prepared. The tracer makes that a fork again.
 */
extern char restorer[], restorer_ip[];

asm(".globl restorer, restorer_ip\n"
    "restorer:\n\t"
    "movl $15, %eax\n\t"
    "syscall\n"
    "restorer_ip:\n\t"
    "movb $0, selector(%rip)\n\t"
    "xorl %edi, %edi\n\t"
    "testq %rax, %rax\n\t"
    "jz spawn_go\n\t"
    "movl $15, %eax\n\t"
    "syscall\n\t"
    "ud2\n");

static bool change_sigreturn(pid_t pid, struct user_regs_struct *regs)
{
	(void)pid;
	if (regs->orig_rax != SYS_rt_sigreturn ||
	    regs->rip != (uintptr_t)restorer_ip)
		return false;
	regs->orig_rax = SYS_fork;
	changes++;
	return true;
}

static void fork_and_return(int sig)
{
	(void)sig;
	selector = SUD_SELECTOR_ALLOW;
	if (!site_b(SYS_fork, 0, 0, 0))
		site_b(SYS_exit_group, 0, 0, 0);
	selector = SUD_SELECTOR_BLOCK;
}

/* As the kernel has it. */
struct kernel_sigaction {
	void (*handler)(int);
	unsigned long flags;
	void *restorer;
	unsigned long mask;
};

static void return_by_fork(void)
{
	struct kernel_sigaction sa = {
		.handler = fork_and_return,
		.flags = SA_SIGINFO | 0x04000000, /* SA_RESTORER */
		.restorer = restorer,
		/* A SIGCHLD would restart the fork, as a blocked call. */
		.mask = -1,
	};

	CHECK_OK(syscall(SYS_rt_sigaction, SIGSYS, &sa, NULL, 8));
	CHECK_OK(sud_set(sud_fd, &traced_config));
	spawn_reset();
	blocked(MAGIC_NR, 0, 0, 0);
	spawn_wait();
	check_plain(&traced_config, "sigreturn");
}

TEST_LIMIT(
	sigreturn_changed,
	"a SIGSYS handler's return that a tracer makes a fork gives an armed child",
	false, 60)
{
	int before = module_refs();

	spawn_init();
	traced_config = (struct sud_config){
		.size = sizeof(traced_config),
		.mode = SUD_MODE_EXCLUSIVE,
		.selector = (uintptr_t)&selector,
		.flags = BOTH | SUD_FLAG_SIGRETURN,
	};
	at_entry = change_sigreturn;
	CHECK_EQ(trace(return_by_fork, 0), 0);
	CHECK_EQ(changes, 1);
	check_refs(before);
}

/* Tracees that fork all the time, until the tracer dies. */
static void fork_all_the_time(void)
{
	for (;;) {
		int status;
		pid_t pid = site_b(SYS_fork, 0, 0, 0);

		if (!pid)
			site_b(SYS_exit_group, 0, 0, 0);
		if (pid > 0)
			waitpid(pid, &status, 0);
	}
}

static void fork_traced(void)
{
	CHECK_OK(sud_set(sud_fd, &traced_config));
	fork_all_the_time();
}

static void trace_forks(void)
{
	trace(fork_traced, TRACE_CHILDREN);
}

TEST_LIMIT(tracer_dies,
	   "a tracer that dies takes its tracees, and nothing stays", false,
	   120)
{
	int before = module_refs();

	CHECK_OK(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0));
	traced_config = config_a(BOTH);
	/* The other delays, where there are fewer. */
	int step = 100 / often(100);

	for (int i = 0; i < 100; i += step) {
		pid_t pid = fork();

		CHECK_OK(pid);
		if (!pid) {
			setpgid(0, 0);
			trace_forks();
			_exit(0);
		}
		setpgid(pid, pid);
		usleep(i * 397 % 20000);
		CHECK_OK(kill(pid, SIGKILL));
		CHECK_EQ(waitpid(pid, NULL, 0), pid);
		/* One that was not yet told to die with its tracer. */
		kill(-pid, SIGKILL);
		while (waitpid(-1, NULL, __WALL) > 0)
			;
		CHECK_EQ(errno, ECHILD);
	}
	check_refs(before);
}
#endif
