// SPDX-License-Identifier: GPL-2.0-only
/*
 * A blocked call is not seen by a seccomp filter, audit or the system call tracepoints,
 * on entry or on exit. The next one is.
 */
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/socket.h>

#include "lib/armed.h"
#include "lib/backend.h"
#include "lib/fault_state.h"
#include "lib/files.h"
#include "lib/harness.h"
#include "lib/sigsys.h"
#include "lib/sites.h"
#include "lib/upcalls.h"

#define TRACING "/sys/kernel/tracing/"

/* By upcall, not by SIGSYS. */
static bool upcalls;

static int handed_over(void)
{
	return upcalls ? (int)up_count : seen.count;
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
	arm_all(upcalls);
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
	arm_all(upcalls);
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
		arm_all(upcalls);
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
