// SPDX-License-Identifier: GPL-2.0-only
/*
 * A blocked call is seen by nobody: not by a tracer, a seccomp filter, audit or
 * the system call tracepoints, on entry or on exit. The next one is.
 */
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <stddef.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/user.h>

#include "sud_test.h"

#define TRACING "/sys/kernel/tracing/"

/* Upcalls instead of SIGSYS, to the handler of upcall_entry.S. */
static bool upcalls;
extern volatile uint64_t up_count;
void entry_regs(void);

static void arm_all(void)
{
	struct sud_config upcall = {
		.size = sizeof(upcall),
		.mode = SUD_MODE_EXCLUSIVE,
		.selector = (uintptr_t)&selector,
		.delivery = SUD_DELIVER_UPCALL,
		.upcall_entry = (uintptr_t)entry_regs,
	};

	handle_sigsys();
	selector = SUD_SELECTOR_ALLOW;
	CHECK_OK(upcalls ? sud_set(sud_fd, &upcall)
			 : arm(SUD_MODE_EXCLUSIVE, 0, 0, &selector));
}

static int handed_over(void)
{
	return upcalls ? (int)up_count : seen.count;
}

/* Blocked calls between natural ones, which frame what a tracer sees. */
static void traced_child(void)
{
	arm_all();
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
	arm_all();
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
		arm_all();
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
		arm_all();
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

static void check_seccomp(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, MAGIC_NR, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { sizeof(filter) / sizeof(*filter), filter };
	int status;

	CHECK_OK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	CHECK_OK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog));
	arm_all();
	for (int i = 0; i < 100; i++)
		blocked(MAGIC_NR, 0, 0, 0);
	selector = SUD_SELECTOR_ALLOW;
	CHECK_EQ(handed_over(), 100);
	/* And a natural one still dies of it. */
	CHECK_OK(disarm());
	pid_t pid = fork();

	if (!pid) {
		site_a(MAGIC_NR, 0, 0, 0);
		_exit(0);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
}

TEST_BOTH(seccomp, "a seccomp filter that kills sees no blocked call")
{
	check_seccomp();
}

TEST(seccomp_upcall,
     "a seccomp filter that kills sees no blocked call, by upcall")
{
	upcalls = true;
	check_seccomp();
}

static bool trace_is_ready(void)
{
	return file_contains(TRACING "current_tracer", "nop");
}

/* The trace buffer's lines of this process with this text. */
static int trace_lines(const char *text)
{
	char line[512], me[16];
	int n = 0;
	FILE *f = fopen(TRACING "trace", "r");

	CHECK(f);
	snprintf(me, sizeof(me), "-%d", getpid());
	while (fgets(line, sizeof(line), f))
		if (strstr(line, me) && strstr(line, text))
			n++;
	fclose(f);
	return n;
}

static void set_number(const char *path, int value)
{
	char text[16];

	snprintf(text, sizeof(text), "%d\n", value);
	int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);

	CHECK_OK(fd);
	CHECK_EQ(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void tracepoints(bool on)
{
	set_number(TRACING "events/raw_syscalls/sys_enter/enable", on);
	set_number(TRACING "events/raw_syscalls/sys_exit/enable", on);
}

static void check_tracepoints(void)
{
	CHECK(trace_is_ready());
	arm_all();
	set_number(TRACING "trace", 0);
	tracepoints(true);
	for (int i = 0; i < 10; i++) {
		blocked(MAGIC_NR, 0, 0, 0);
		site_a(SYS_getpgrp, 0, 0, 0);
	}
	/* Blocked ones in a row: what the first took away must come back. */
	blocked(MAGIC_NR, 0, 0, 0);
	blocked(MAGIC_NR, 0, 0, 0);
	for (int i = 0; i < 5; i++)
		site_a(SYS_getpgrp, 0, 0, 0);
	tracepoints(false);
	CHECK_EQ(handed_over(), 12);
	CHECK_EQ(trace_lines("sys_enter: NR 9029 "), 0);
	CHECK_EQ(trace_lines("sys_exit: NR 9029 "), 0);
	CHECK_EQ(trace_lines("sys_enter: NR 111 "), 15);
	CHECK_EQ(trace_lines("sys_exit: NR 111 "), 15);
	/* The handlers' own returns are calls like any other. */
	CHECK_EQ(trace_lines("sys_enter: NR 15 "), upcalls ? 0 : 12);
}

TEST_BOTH(tracepoints,
	  "sys_enter and sys_exit show no blocked call, and every other")
{
	check_tracepoints();
}

TEST(tracepoints_upcall,
     "sys_enter and sys_exit show no blocked call, and every other, by upcall")
{
	upcalls = true;
	check_tracepoints();
}

/* Audit: a rule for this process's calls, by the kernel's netlink interface. */
static int audit_fd;

static int audit_send(int type, const void *data, size_t size)
{
	static int seq;
	struct {
		struct nlmsghdr h;
		char data[4096];
	} msg = { .h = { .nlmsg_len = NLMSG_LENGTH(size),
			 .nlmsg_type = type,
			 .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK,
			 .nlmsg_seq = ++seq } };
	struct sockaddr_nl to = { .nl_family = AF_NETLINK };

	memcpy(msg.data, data, size);
	CHECK_OK(sendto(audit_fd, &msg, msg.h.nlmsg_len, 0,
			(struct sockaddr *)&to, sizeof(to)));
	for (;;) {
		ssize_t n = recv(audit_fd, &msg, sizeof(msg), 0);

		CHECK_OK(n);
		if (msg.h.nlmsg_type == NLMSG_ERROR)
			return ((struct nlmsgerr *)msg.data)->error;
	}
}

static void check_audit(void)
{
	struct timeval tv = { 2, 0 };
	struct audit_status st = { .mask = AUDIT_STATUS_ENABLED |
					   AUDIT_STATUS_PID |
					   AUDIT_STATUS_BACKLOG_LIMIT,
				   .enabled = 1,
				   .pid = getpid(),
				   .backlog_limit = 8192 };
	struct audit_rule_data rule = { .flags = AUDIT_FILTER_EXIT,
					.action = AUDIT_ALWAYS };
	int fds[2], status, natural = 0, dispatched = 0;
	char c;

	audit_fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_AUDIT);
	if (audit_fd < 0)
		SKIP("no audit: %s", strerror(errno));
	setsockopt(audit_fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	CHECK_EQ(audit_send(AUDIT_SET, &st, sizeof(st)), 0);
	/* Every number, MAGIC_NR is beyond the mask; so 102 is getuid's. */
	rule.mask[AUDIT_WORD(SYS_getuid)] |= AUDIT_BIT(SYS_getuid);
	rule.mask[AUDIT_WORD(SYS_getgid)] |= AUDIT_BIT(SYS_getgid);
	CHECK_EQ(audit_send(AUDIT_ADD_RULE, &rule, sizeof(rule)), 0);
	CHECK_OK(pipe(fds));
	/* A process gets its audit context when it is forked. */
	pid_t pid = fork();

	if (!pid) {
		arm_all();
		blocked(SYS_getuid, 0, 0, 0);
		site_a(SYS_getgid, 0, 0, 0);
		blocked(SYS_getuid, 0, 0, 0);
		blocked(SYS_getuid, 0, 0, 0);
		site_a(SYS_getgid, 0, 0, 0);
		CHECK_OK(disarm());
		site_a(SYS_getgid, 0, 0, 0);
		write(fds[1], "x", 1);
		_exit(handed_over() == 3 ? 0 : 1);
	}
	CHECK_OK(read(fds[0], &c, 1));
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
	for (;;) {
		struct {
			struct nlmsghdr h;
			char data[9000];
		} msg = { 0 };
		char want[32];

		if (recv(audit_fd, &msg, sizeof(msg) - 1, 0) <= 0)
			break;
		if (msg.h.nlmsg_type != AUDIT_SYSCALL)
			continue;
		snprintf(want, sizeof(want), " pid=%d ", pid);
		if (!strstr(msg.data, want))
			continue;
		natural += !!strstr(msg.data, "syscall=104 ");
		dispatched += !!strstr(msg.data, "syscall=102 ");
		if (natural == 3)
			break;
	}
	st.mask = AUDIT_STATUS_ENABLED | AUDIT_STATUS_PID;
	st.enabled = 0;
	st.pid = 0;
	audit_send(AUDIT_DEL_RULE, &rule, sizeof(rule));
	audit_send(AUDIT_SET, &st, sizeof(st));
	CHECK_EQ(dispatched, 0);
	CHECK_EQ(natural, 3);
}

TEST_BOTH(audit, "audit records no blocked call, and natural ones")
{
	check_audit();
}

TEST(audit_upcall, "audit records no blocked call, and natural ones, by upcall")
{
	upcalls = true;
	check_audit();
}
