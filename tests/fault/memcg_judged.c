// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls that make a child, whose memory was short when they were judged and is there
 * when the child is made: no child is born unarmed. See memcg.c.
 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/rseq.h>
#include <sys/user.h>

#include "lib/armed.h"
#include "lib/backend.h"
#include "lib/cgroup.h"
#include "lib/clock.h"
#include "lib/harness.h"
#include "lib/memory.h"
#include "lib/module.h"
#include "lib/spawn.h"
#include "lib/workers.h"

static int made, refused;

/* As spawn_reset(), without a system call. */
static void reset_quietly(void)
{
	found->done = 0;
	found->first = FIRST_NONE;
	found->get = -1;
	memset(&found->config, 0, sizeof(found->config));
	found->config.size = sizeof(found->config);
}

/*
 * Memory that is short when a call is judged may be there when the call makes
 * its child. A filter holds all calls that make children in between, until the
 * keeper of the cgroup has lifted the limit. It fills the cgroup on demand, since
 * each call of the thread's own would try to prepare for the next child.
 */
static volatile struct {
	int wait; /* for this process's end */
	int to_fill;
	int filter; /* the filter's descriptor */
} *ask;

/* Fills what is left of a page, too, by arming threads until one cannot be. */
static void fill_up(void)
{
	static int next;

	cgroup_fill(0);
	for (;;) {
		for (; next < n_workers; next++) {
			take_turn(&workers[next], try_arm);
			if (workers[next].err)
				return;
		}
		/* All are armed. What they give back comes with a delay. */
		cgroup_lift();
		all_take_turns(must_disarm);
		next = 0;
		sleep_ms(200);
		cgroup_fill(0);
	}
}

static void start_hoarders(void)
{
	armed_with = config_off;
	arm_with = config_a_upcall(0);
	start_workers(100);
}

static void wait_for_end(pid_t pid)
{
	struct pollfd p = { syscall(SYS_pidfd_open, pid, 0), POLLIN };

	CHECK_OK(p.fd);
	CHECK_EQ(poll(&p, 1, -1), 1);
	close(p.fd);
}

static void keep(pid_t pid)
{
	struct seccomp_notif call;
	struct seccomp_notif_resp answer;
	struct pollfd filter;

	CHECK_OK(mlockall(MCL_CURRENT | MCL_FUTURE));
	cgroup_served = pid;
	start_hoarders();
	while (!ask->filter)
		sleep_ms(2);
	filter.fd = syscall(SYS_pidfd_getfd, syscall(SYS_pidfd_open, pid, 0),
			    ask->filter, 0);
	CHECK_OK(filter.fd);
	filter.events = POLLIN;
	for (;;) {
		if (poll(&filter, 1, 2) == 1) {
			memset(&call, 0, sizeof(call));
			CHECK_OK(ioctl(filter.fd, SECCOMP_IOCTL_NOTIF_RECV,
				       &call));
			cgroup_lift();
			answer = (struct seccomp_notif_resp){
				.id = call.id,
				.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE,
			};
			CHECK_OK(ioctl(filter.fd, SECCOMP_IOCTL_NOTIF_SEND,
				       &answer));
		}
		if (ask->wait) {
			wait_for_end(ask->wait);
			ask->wait = 0;
		}
		if (ask->to_fill) {
			fill_up();
			ask->to_fill = 0;
		}
	}
}

#define IA32_FORK 2
#define IA32_CLONE 120
#define IA32_VFORK 190
#define X32 0x40000000

/* Of 64-bit code and of i386's table, where clone3 has the same number. */
static int hold_clones(void)
{
	static const unsigned int held[] = {
		SYS_fork,	 SYS_vfork,	   SYS_clone,
		SYS_clone3,	 IA32_FORK,	   IA32_VFORK,
		IA32_CLONE,	 X32 | SYS_fork,   X32 | SYS_vfork,
		X32 | SYS_clone, X32 | SYS_clone3,
	};
	const unsigned int n = sizeof(held) / sizeof(*held);
	struct sock_filter code[sizeof(held) / sizeof(*held) + 3];
	struct sock_fprog prog = { n + 3, code };

	code[0] = (struct sock_filter)BPF_STMT(
		BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	for (unsigned int i = 0; i < n; i++)
		code[1 + i] = (struct sock_filter)BPF_JUMP(
			BPF_JMP | BPF_JEQ | BPF_K, held[i], n - i, 0);
	code[n + 1] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K,
						   SECCOMP_RET_ALLOW);
	code[n + 2] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K,
						   SECCOMP_RET_USER_NOTIF);
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
		       SECCOMP_FILTER_FLAG_NEW_LISTENER, &prog);
}

/*
 * A child that is gone has left them to be copied at the next write. To struct
 * rseq the kernel writes, when the thread has been preempted, and where it cannot
 * it kills.
 */
static void own_pages(void)
{
	extern char __data_start[], end[];
	volatile char stack[4 * PAGE], *p;
	char *tls = __builtin_thread_pointer();
	volatile __u32 *flags = &((struct rseq *)(tls + __rseq_offset))->flags;

	*flags = *flags;
	for (p = __data_start; p < end; p += PAGE)
		*p = *p;
	for (p = stack; p < (char *)environ; p += PAGE)
		*p = *p;
}

typedef long spawner(const struct spawn_call *call);

static int refused;

static void try_call(spawner *spawn_it, char *ip, const struct spawn_call *call)
{
	struct sud_config c = spawn_config_at(ip, BOTH);
	long first, second = 0;

	c.delivery = SUD_DELIVER_UPCALL;
	c.upcall_entry = (uintptr_t)spawn_upcall;
	/*
	 * What others have just given back may do for one, time after time: the
	 * child is armed, then.
	 */
	for (int i = 0; i < 100 && second >= 0; i++) {
		CHECK_OK(sud_set(sud_fd, &c));
		spawn_reset();
		/* Uses up what was prepared. */
		first = spawn_it(call);
		if (first == -ENOSYS)
			return;
		CHECK_OK(first);
		ask->wait = first;
		while (ask->wait)
			;
		own_pages();
		ask->to_fill = 1;
		while (ask->to_fill)
			;
		reset_quietly();
		second = spawn_it(call);
		/* If no child was made, nobody has lifted it. */
		cgroup_lift();
		CHECK_EQ(waitpid(first, NULL, __WALL), first);
		if (second < 0)
			continue;
		end_child(second, 0);
		check_found(&c, "held", call->nr);
	}
	if (second < 0) {
		CHECK_EQ(second, -ENOMEM);
		refused++;
	}
}

static struct clone_args args3 = { .exit_signal = SIGCHLD };

static void every_number(void)
{
	const uint64_t three = (uintptr_t)&args3, size = sizeof(args3);
	const uint64_t wide = 0xdeadbeefULL << 32;
	const struct spawn_call calls[] = {
		{ SYS_fork, { -1, -1, -1, -1, -1 } },
		{ SYS_vfork, { -1, -1, -1, -1, -1 } },
		{ SYS_clone, { SIGCHLD, 0, -1, -1, -1 } },
		{ SYS_clone3, { three, size, -1, -1, -1 } },
	};
	const struct spawn_call ia32_calls[] = {
		{ IA32_FORK, { -1, -1, -1, -1, -1 } },
		{ IA32_VFORK, { -1, -1, -1, -1, -1 } },
		{ IA32_CLONE, { SIGCHLD, 0, -1, -1, -1 } },
		{ SYS_clone3, { three, size, -1, -1, -1 } },
	};
	pid_t me = getpid(), keeper;

	ask = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(ask != MAP_FAILED);
	keeper = fork();
	CHECK_OK(keeper);
	if (!keeper)
		keep(me);
	CHECK_OK(mlockall(MCL_CURRENT | MCL_FUTURE));
	ask->filter = hold_clones();
	CHECK(ask->filter > 0);
	for (int i = 0; i < 4; i++) {
		struct spawn_call call = calls[i];

		try_call(spawn, spawn_first_ip, &call);
		call.nr = calls[i].nr | wide;
		try_call(spawn, spawn_first_ip, &call);
		call.nr = calls[i].nr | X32;
		try_call(spawn, spawn_first_ip, &call);
		try_call(spawn_int80, spawn_int80_first_ip, &ia32_calls[i]);
	}
	CHECK_OK(kill(keeper, SIGKILL));
	CHECK_EQ(waitpid(keeper, NULL, 0), keeper);
	/* Some of the sixteen at the least. */
	CHECK(refused);
}

TEST_LIMIT(
	judged_full,
	"a call that makes a child when memory was short as it was judged: refused, or an armed child",
	false, 180)
{
	int before = module_refs();

	in_cgroup(every_number);
	check_refs(before);
}

/*
 * A tracee's harmless calls that its tracer makes clones: a child is armed, or
 * killed, or the call fails. The tracee has the cgroup filled and lifted by
 * breakpoints, because without memory it can make no call at all.
 */
static inline void set_full(int pages)
{
	asm volatile("int3" : : "a"(pages) : "memory");
}

static void changed_clones(void)
{
	struct sud_config c = spawn_config(BOTH);
	struct spawn_call call = spawn_clone(CLONE_VM | CLONE_VFORK | SIGCHLD);

	call.nr = SYS_getppid;
	c.delivery = SUD_DELIVER_UPCALL;
	c.upcall_entry = (uintptr_t)spawn_upcall;
	CHECK_OK(sud_set(sud_fd, &c));
	for (int pages = 0; pages < 12; pages++) {
		long first, second;

		/* This one uses up what was prepared. */
		spawn_reset();
		first = spawn(&call);
		reset_quietly();
		set_full(pages & 1);
		second = spawn(&call);
		set_full(-1);
		CHECK_OK(first);
		CHECK_EQ(waitpid(first, NULL, 0), first);
		if (second < 0) {
			CHECK(second == -ENOMEM || second == -EAGAIN);
			refused++;
			continue;
		}
		made++;
		CHECK_EQ(waitpid(second, NULL, 0), second);
		if (found->done)
			check_found(&c, "changed", pages);
		else
			CHECK_EQ(found->first, FIRST_NONE);
	}
	CHECK(refused > 0);
	CHECK(made > 0);
}

static void change_number(pid_t pid)
{
	struct user_regs_struct regs;

	CHECK_OK(ptrace(PTRACE_GETREGS, pid, 0, &regs));
	if (regs.orig_rax != SYS_getppid)
		return;
	/* Now, past the hook, there is memory. At its exit, this does nothing. */
	cgroup_lift();
	regs.orig_rax = SYS_clone;
	CHECK_OK(ptrace(PTRACE_SETREGS, pid, 0, &regs));
}

static void trace_when_full(void)
{
	struct user_regs_struct regs;
	int status;
	pid_t pid = fork();

	CHECK_OK(pid);
	if (!pid) {
		CHECK_OK(mlockall(MCL_CURRENT | MCL_FUTURE));
		CHECK_OK(ptrace(PTRACE_TRACEME, 0, 0, 0));
		raise(SIGSTOP);
		changed_clones();
		_exit(0);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK(WIFSTOPPED(status));
	/* The fork has made pages common. */
	CHECK_OK(mlockall(MCL_CURRENT | MCL_FUTURE));
	start_hoarders();
	CHECK_OK(ptrace(PTRACE_SETOPTIONS, pid, 0,
			PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL));
	for (;;) {
		CHECK_OK(ptrace(PTRACE_SYSCALL, pid, 0, 0));
		CHECK_EQ(waitpid(pid, &status, 0), pid);
		if (!WIFSTOPPED(status))
			break;
		if (WSTOPSIG(status) == (SIGTRAP | 0x80)) {
			change_number(pid);
		} else if (WSTOPSIG(status) == SIGTRAP) {
			CHECK_OK(ptrace(PTRACE_GETREGS, pid, 0, &regs));
			if ((int)regs.rax < 0)
				cgroup_lift();
			else if (regs.rax)
				cgroup_fill(regs.rax);
			else
				fill_up();
		}
	}
	CHECK_EQ(status, 0);
}

TEST_LIMIT(
	changed_clone,
	"a call that a tracer makes a clone in a full cgroup: no unarmed child",
	false, 180)
{
	int before = module_refs();

	in_cgroup(trace_when_full);
	check_refs(before);
}
