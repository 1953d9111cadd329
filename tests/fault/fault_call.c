// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every allocation and user copy fails, one after the other, while calls are
 * dispatched and while a thread makes children that inherit: no blocked call runs
 * natively, no child that ought to be armed is born unarmed.
 */
#include <linux/futex.h>
#include <linux/sched.h>
#include <sched.h>
#include <setjmp.h>

#include "lib/armed.h"
#include "lib/backend.h"
#include "lib/fault.h"
#include "lib/harness.h"
#include "lib/module.h"
#include "lib/set_calls.h"
#include "lib/sigsys.h"
#include "lib/sites.h"
#include "lib/upcalls.h"

/*
 * What a signal needs is the kernel's own affair. Without memory for it the
 * handler is called, but its siginfo says only SI_USER. A frame that cannot be
 * written, or cannot be read by the return from it, is a SIGSEGV.
 */
static volatile int calls, calls_told, returns, segvs;
static sigjmp_buf back;

/* Leaves the selector at BLOCK, for SUD_FLAG_SIGRETURN. */
static bool stay_blocked;

static void on_call(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;
	bool told = info->si_code == SYS_USER_DISPATCH;

	(void)sig;
	if (!told || !stay_blocked)
		selector = SUD_SELECTOR_ALLOW;
	if (uc->uc_mcontext.gregs[REG_RAX] == SYS_rt_sigreturn && told) {
		/* Its frame could not be read. Once more. */
		CHECK_EQ(info->si_syscall, SYS_rt_sigreturn);
		returns++;
		uc->uc_mcontext.gregs[REG_RIP] -= 2;
		return;
	}
	calls++;
	if (uc->uc_mcontext.gregs[REG_RAX] != MAGIC_NR ||
	    (char *)uc->uc_mcontext.gregs[REG_RIP] != site_a_ip)
		FAIL("the handler sees rax %#llx, rip %#llx",
		     uc->uc_mcontext.gregs[REG_RAX],
		     uc->uc_mcontext.gregs[REG_RIP]);
	if (!told) {
		CHECK_EQ(info->si_code, SI_USER);
		return;
	}
	calls_told++;
	CHECK_EQ(info->si_syscall, MAGIC_NR);
	CHECK(info->si_call_addr == site_a_ip);
}

static void on_segv(int sig)
{
	(void)sig;
	selector = SUD_SELECTOR_ALLOW;
	segvs++;
	siglongjmp(back, 1);
}

/* SIGSYS in its own handler too, when the return from that is dispatched. */
static void handle(int sig, void *handler)
{
	struct sigaction sa = { .sa_sigaction = handler,
				.sa_flags = SA_SIGINFO | SA_NODEFER };

	CHECK_OK(sigaction(sig, &sa, NULL));
}

/* Makes the call with the nth failing. Return: whether it did. */
static bool call_with(int n, volatile long *ret)
{
	bool happened;

	calls = calls_told = returns = segvs = 0;
	*ret = MAGIC_NR;
	if (!sigsetjmp(back, 1)) {
		fault_begin(n);
		*ret = blocked(MAGIC_NR, 0, 0, 0);
	}
	selector = SUD_SELECTOR_ALLOW;
	happened = fault_end();
	/* Neither executed, nor lost, nor told twice. */
	CHECK_EQ(*ret, MAGIC_NR);
	CHECK(calls + segvs > 0);
	CHECK(calls <= 1 && segvs <= 1 && returns <= 1);
	CHECK(happened || (calls_told == 1 && !segvs && !returns));
	return happened;
}

/* Of all passes: no siginfo, a frame not written, one not read. */
static int lost, unwritten, unread, redone;

static void sweep_signal(void)
{
	volatile long ret;
	int n = 0;

	while (call_with(++n, &ret)) {
		CHECK(n < 1000);
		lost += calls - calls_told;
		unwritten += segvs && !calls;
		unread += segvs && calls;
		redone += returns;
		/* And the thread goes on. */
		CHECK(!call_with(1000000, &ret));
	}
}

/* As fault_sweep(); @returns_too: a return is to be dispatched as well. */
static void sweep_signals(bool returns_too)
{
	bool all = false;

	for (int round = 0; round < 2 || !all; round++) {
		CHECK(round < 30);
		sweep_signal();
		all = lost && unwritten && unread && (redone || !returns_too);
	}
	printf("# without siginfo: %d, frames not written: %d, not read: %d, returns dispatched: %d\n",
	       lost, unwritten, unread, redone);
	fflush(stdout);
	CHECK(returns_too || !redone);
}

TEST_LIMIT(sigsys, "a call that is blocked becomes a SIGSYS or dies", true, 60)
{
	fault_init();
	handle(SIGSYS, on_call);
	handle(SIGSEGV, on_segv);
	CHECK_OK(arm(SUD_MODE_EXCLUSIVE, 0, 0, &selector));
	sweep_signals(false);
	fault_exit();
}

TEST_LIMIT(sigreturn,
	   "SIGRETURN: where the frame cannot be read, the return is dispatched",
	   false, 60)
{
	struct sud_config config = {
		.size = sizeof(config),
		.mode = SUD_MODE_EXCLUSIVE,
		.selector = (uintptr_t)&selector,
		.flags = SUD_FLAG_SIGRETURN,
	};

	fault_init();
	handle(SIGSYS, on_call);
	handle(SIGSEGV, on_segv);
	stay_blocked = true;
	CHECK_OK(sud_set(sud_fd, &config));
	sweep_signals(true);
	fault_exit();
}

static void sweep_upcall(void (*entry)(void), volatile uint64_t *top,
			 unsigned int flags)
{
	struct sud_config config = {
		.size = sizeof(config),
		.mode = SUD_MODE_EXCLUSIVE,
		.selector = (uintptr_t)&selector,
		.delivery = SUD_DELIVER_UPCALL,
		.flags = flags,
		.upcall_entry = (uintptr_t)entry,
		.upcall_frame = (uintptr_t)top,
	};
	bool happened;
	int n = 0;

	CHECK_OK(sud_set(sud_fd, &config));
	up_count = 0;
	do {
		fault_begin(++n);
		blocked(MAGIC_NR, 0, 0, 0);
		happened = fault_end();
		CHECK_EQ(up_count, n);
	} while (happened);
	printf("# upcall: %d faults\n", n - 1);
}

/* The kernel may ask for memory there, but nothing depends on it. */
TEST(upcall, "upcalls need no memory")
{
	fault_init();
	reset_frames();
	sweep_upcall(entry_regs, NULL, 0);
	sweep_upcall(entry_regs, NULL, SUD_FLAG_AUTO_ALLOW);
	sweep_upcall(entry_frames, &up_top, 0);
	sweep_upcall(entry_frames, &up_top, SUD_FLAG_AUTO_ALLOW);
	fault_exit();
}

static void exit_1(int sig)
{
	(void)sig;
	_exit(1);
}

/* In a child: makes a call that the thread dies of, with the nth failing. */
static void die(int n, void *its_selector)
{
	struct sud_config config = config_a(0);

	config.selector = (uintptr_t)its_selector;
	fault_process();
	signal(SIGSEGV, exit_1);
	signal(SIGSYS, exit_1);
	CHECK_OK(sud_set(sud_fd, &config));
	fault_begin(n);
	site_a(MAGIC_NR, 0, 0, 0);
	_exit(2);
}

static void sweep_death(void *its_selector, int sig)
{
	bool happened = true;
	int n = 0;

	while (happened) {
		siginfo_t info;
		pid_t pid;

		CHECK(++n < 1000);
		pid = fork();
		CHECK_OK(pid);
		if (!pid)
			die(n, its_selector);
		CHECK_OK(waitid(P_PID, pid, &info, WEXITED | WNOWAIT));
		happened = fault_happened_to(pid);
		CHECK_EQ(info.si_code, CLD_KILLED);
		CHECK_EQ(info.si_status, sig);
		CHECK_EQ(waitpid(pid, NULL, 0), pid);
	}
	CHECK(n > 1);
	printf("# death by signal %d: %d faults\n", sig, n - 1);
	fflush(stdout);
}

TEST_LIMIT(death, "a death that nothing can catch needs no memory", false, 120)
{
	static unsigned char wrong = 2;
	void *none =
		mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(none != MAP_FAILED);
	fault_init();
	sweep_death(none, SIGSEGV);
	sweep_death(&wrong, SIGSYS);
	fault_exit();
}

static struct sud_config inherited;

static bool armed_as_parent(void)
{
	struct sud_config c;
	int before = seen.count;

	return !sud_get(sud_fd, &c) && !memcmp(&c, &inherited, sizeof(c)) &&
	       site_a(MAGIC_NR, 0, 0, 0) == MAGIC_NR &&
	       seen.count == before + 1;
}

static void parent_unchanged(void)
{
	CHECK(armed_as_parent());
}

/* What the child found: it exits with 0 when it was armed. */
static pid_t child;

static void child_was_armed(void)
{
	int status;

	CHECK_EQ(waitpid(child, &status, 0), child);
	CHECK_EQ(status, 0);
	parent_unchanged();
}

static long do_fork(void)
{
	child = syscall(SYS_fork);
	if (!child)
		_exit(!armed_as_parent());
	return child;
}

static long do_vfork(void)
{
	child = vfork();
	if (!child)
		_exit(!armed_as_parent());
	return child;
}

static char stack[65536] __attribute__((aligned(16)));

static void child_main(void)
{
	_exit(!armed_as_parent());
}

/* What fork copies has failed there. */
static long do_clone3(void)
{
	struct clone_args args = { .flags = CLONE_VM | CLONE_VFORK,
				   .exit_signal = SIGCHLD,
				   .stack = (uintptr_t)stack,
				   .stack_size = sizeof(stack) };
	long ret = SYS_clone3;

	asm volatile("syscall\n\t"
		     "testl %%eax, %%eax\n\t"
		     "jnz 1f\n\t"
		     "call %P[main]\n"
		     "1:"
		     : "+a"(ret)
		     : "D"(&args), "S"(sizeof(args)), [main] "i"(child_main)
		     : "rcx", "r11", "memory");
	child = ret;
	if (ret >= 0)
		return ret;
	errno = -ret;
	return -1;
}

static volatile bool thread_armed;
/* Not 0 while the thread lives. */
static int thread_alive;

static int run_in_thread(void *unused)
{
	(void)unused;
	thread_armed = armed_as_parent();
	return 0;
}

static long do_thread(void)
{
	thread_armed = false;
	thread_alive = 1;
	return clone(run_in_thread, stack + sizeof(stack),
		     CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND |
			     CLONE_THREAD | CLONE_SYSVSEM |
			     CLONE_CHILD_CLEARTID,
		     NULL, NULL, NULL, &thread_alive);
}

static void thread_was_armed(void)
{
	while (__atomic_load_n(&thread_alive, __ATOMIC_ACQUIRE))
		syscall(SYS_futex, &thread_alive, FUTEX_WAIT, 1, NULL, NULL, 0);
	CHECK(thread_armed);
	parent_unchanged();
}

static void sweep_clone(const char *name, long (*op)(void), void (*done)(void),
			int also)
{
	struct fault_sweep sweep = {
		.name = name,
		.op = op,
		.unchanged = parent_unchanged,
		.done = done,
		.wanted = { ENOMEM },
		/* What fork says where a part of it says nothing else. */
		.also = { EAGAIN, also },
	};

	fault_sweep(&sweep);
}

static void begin_inherit(void)
{
	fault_init();
	handle_sigsys();
	inherited = config_a(BOTH);
	CHECK_OK(sud_set(sud_fd, &inherited));
	CHECK(armed_as_parent());
}

TEST_LIMIT(fork, "fork of a thread whose children inherit", false, 180)
{
	begin_inherit();
	sweep_clone("fork", do_fork, child_was_armed, 0);
	fault_exit();
}

TEST_LIMIT(vfork, "vfork", false, 180)
{
	begin_inherit();
	sweep_clone("vfork", do_vfork, child_was_armed, 0);
	fault_exit();
}

TEST_LIMIT(clone3, "clone3", false, 180)
{
	begin_inherit();
	sweep_clone("clone3", do_clone3, child_was_armed, EFAULT);
	fault_exit();
}

TEST_LIMIT(thread, "clone of a thread", false, 180)
{
	begin_inherit();
	sweep_clone("thread", do_thread, thread_was_armed, 0);
	fault_exit();
}

/*
 * The thread's next call is one that needs memory for the child's state, which is
 * then the first to fail: vfork's child has used up what there was, and says so to
 * fail-nth in the place of its parent, which makes no call in between.
 */
static void use_up_and_begin(void)
{
	pid_t pid = vfork();

	if (!pid) {
		fault_begin(1);
		_exit(0);
	}
}

static struct clone_args fork_args = { .exit_signal = SIGCHLD };

#define NR_IA32_FORK 2
#define NR_IA32_CLONE 120
#define NR_IA32_VFORK 190

static void fails_without_memory(long (*site)(long nr, long a, long b, long c),
				 long nr, long a, long b)
{
	long ret;

	use_up_and_begin();
	ret = site(nr, a, b, 0);
	if (!ret)
		_exit(1);
	CHECK(fault_end());
	CHECK_EQ(ret, -ENOMEM);
	/* No other child than vfork's. */
	CHECK_OK(wait(NULL));
	CHECK_ERR(wait(NULL), ECHILD);
	parent_unchanged();
	CHECK_OK(do_fork());
	child_was_armed();
}

TEST_LIMIT(child_needs_memory,
	   "without memory for the child's state, the call fails with ENOMEM",
	   false, 60)
{
	int refs = module_refs();

	begin_inherit();
	fails_without_memory(site_b, SYS_fork, 0, 0);
	fails_without_memory(site_b, SYS_vfork, 0, 0);
	fails_without_memory(site_b, SYS_clone, SIGCHLD, 0);
	fails_without_memory(site_b, SYS_clone3, (long)&fork_args,
			     sizeof(fork_args));
	fails_without_memory(site_int80, NR_IA32_FORK, 0, 0);
	fails_without_memory(site_int80, NR_IA32_CLONE, SIGCHLD, 0);
	fails_without_memory(site_int80, NR_IA32_VFORK, 0, 0);
	check_module_refs(refs + 1);
	fault_exit();
}

TEST(other_calls_do_not,
     "any other call runs without it, and the next child is armed")
{
	long ret;

	begin_inherit();
	use_up_and_begin();
	ret = site_b(SYS_getppid, 0, 0, 0);
	CHECK(fault_end());
	CHECK_EQ(ret, getppid());
	CHECK_OK(wait(NULL));
	CHECK_OK(do_fork());
	child_was_armed();
	fault_exit();
}
