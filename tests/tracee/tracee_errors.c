// SPDX-License-Identifier: GPL-2.0-only
/*
 * Another thread's configuration: who may not, when not, and what else is wrong.
 * Each case is wrong in one way, and changes nothing.
 */
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>

#include "lib/armed.h"
#include "lib/backend.h"
#include "lib/clock.h"
#include "lib/files.h"
#include "lib/harness.h"
#include "lib/memory.h"
#include "lib/sigsys.h"
#include "lib/sites.h"
#include "lib/tracer.h"

TEST(own_tid, "one's own tid is EPERM")
{
	check_both(getpid(), EPERM);
}

TEST(strangers,
     "a thread that the caller does not trace is EPERM, for root too")
{
	CHECK_EQ(geteuid(), 0);
	check_both(1, EPERM);
	check_both(2, EPERM);
	check_both(getppid(), EPERM);
	/* A child that runs, and one that is stopped. */
	pid_t pid = bring_asleep();
	int status;

	check_both(pid, EPERM);
	CHECK_OK(kill(pid, SIGSTOP));
	CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
	CHECK(WIFSTOPPED(status));
	check_both(pid, EPERM);
	CHECK_OK(kill(pid, SIGCONT));
	CHECK_OK(write(go[1], "x", 1));
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	check_verdicts(sh->got[0], V_OFF);
}

TEST(others_tracee, "another process's tracee is EPERM, though it is our child")
{
	pid_t pid = bring_asleep();
	int to[2], from[2], status;
	char c = 0;

	CHECK_OK(pipe(to));
	CHECK_OK(pipe(from));
	pid_t tracer = fork();

	if (!tracer) {
		CHECK_OK(ptrace(PTRACE_SEIZE, pid, 0, 0));
		CHECK_OK(ptrace(PTRACE_INTERRUPT, pid, 0, 0));
		CHECK_EQ(wait_stop(pid), EVENT_STOP(SIGTRAP));
		check_get(pid, &config_off);
		CHECK_OK(write(from[1], "x", 1));
		CHECK_EQ(read(to[0], &c, 1), 1);
		check_get(pid, &config_off);
		CHECK_OK(ptrace(PTRACE_DETACH, pid, 0, 0));
		_exit(0);
	}
	CHECK_EQ(read(from[0], &c, 1), 1);
	check_both(pid, EPERM);
	CHECK_OK(write(to[1], "x", 1));
	CHECK_EQ(waitpid(tracer, &status, 0), tracer);
	CHECK_EQ(status, 0);
	CHECK_OK(write(go[1], "x", 1));
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	check_verdicts(sh->got[0], V_OFF);
}

static void *ask_as_sibling(void *tid)
{
	check_both(*(pid_t *)tid, EPERM);
	return NULL;
}

TEST(tracers_sibling, "another thread of the tracer's process is EPERM")
{
	struct sud_config a = config_only_b();
	pthread_t thread;

	armed_as = a;
	pid_t pid = bring_traceme();

	CHECK_EQ(pthread_create(&thread, NULL, ask_as_sibling, &pid), 0);
	CHECK_EQ(pthread_join(thread, NULL), 0);
	check_get(pid, &a);
	finish(pid, V_ONLY_B);
}

TEST(no_such_thread, "a tid that is nobody's is ESRCH")
{
	static const pid_t tids[] = { 0, -1, -2, INT_MIN, INT_MAX, 1 << 23 };

	for (unsigned int i = 0; i < sizeof(tids) / sizeof(*tids); i++)
		check_both(tids[i], ESRCH);
	/* Not the process group of a tracee. */
	pid_t pid = bring_traceme();

	check_both(-pid, ESRCH);
	check_get(pid, &config_off);
	finish(pid, V_OFF);
	check_both(pid, ESRCH);
}

TEST(running, "a tracee that is not stopped is ESRCH")
{
	struct sud_config a = config_only_b();

	armed_as = a;
	pid_t pid = bring_interrupt();

	cont(pid, 0);
	check_both(pid, ESRCH);
	CHECK_OK(ptrace(PTRACE_INTERRUPT, pid, 0, 0));
	CHECK_EQ(wait_stop(pid), EVENT_STOP(SIGTRAP));
	check_get(pid, &a);
	finish(pid, V_ONLY_B);
}

TEST(listening, "one that listens is ESRCH")
{
	struct sud_config a = config_only_b();

	armed_as = a;
	pid_t pid = bring_group();

	check_get(pid, &a);
	CHECK_OK(ptrace(PTRACE_LISTEN, pid, 0, 0));
	check_both(pid, ESRCH);
	CHECK_OK(ptrace(PTRACE_INTERRUPT, pid, 0, 0));
	CHECK_EQ(wait_stop(pid), EVENT_STOP(SIGSTOP));
	check_get(pid, &a);
	CHECK_OK(kill(pid, SIGCONT));
	finish(pid, V_ONLY_B);
}

/* Waits without reaping. */
static void await_death(pid_t pid)
{
	siginfo_t info;

	CHECK_OK(waitid(P_PID, pid, &info, WEXITED | WNOWAIT | __WALL));
	CHECK_EQ(info.si_pid, pid);
}

TEST(zombie, "a tracee that has ended is ESRCH, reaped or not")
{
	struct sud_config a = config_only_b();
	int status;

	armed_as = a;
	for (int i = 0; i < 2; i++) {
		pid_t pid = bring(stop_then_exit, 0);

		check_get(pid, &a);
		if (i)
			CHECK_OK(kill(pid, SIGKILL));
		else
			cont(pid, 0);
		await_death(pid);
		check_both(pid, ESRCH);
		CHECK_EQ(waitpid(pid, &status, __WALL), pid);
		CHECK(!WIFSTOPPED(status));
		check_both(pid, ESRCH);
	}
}

static void *outlive(void *unused)
{
	char c;

	(void)unused;
	/* Until the leader is a zombie. */
	while (!file_contains("/proc/self/status", "State:\tZ"))
		sleep_ms(5);
	sh->ready = 2;
	read(go[0], &c, 1);
	_exit(0);
}

static bool leader_gone(void)
{
	return sh->ready == 2;
}

static void leave_thread_behind(void)
{
	pthread_t thread;

	CHECK_EQ(pthread_create(&thread, NULL, outlive, NULL), 0);
	sleep_until_go();
	pthread_exit(NULL);
}

TEST(dead_leader, "so is a leader that has ended before its threads")
{
	struct sud_config a = config_only_b();
	int status;

	armed_as = a;
	pid_t pid = tracee_start(leave_thread_behind);

	CHECK(wait_until(is_ready, 10000));
	CHECK_OK(ptrace(PTRACE_SEIZE, pid, 0, PTRACE_O_EXITKILL));
	CHECK_OK(ptrace(PTRACE_INTERRUPT, pid, 0, 0));
	CHECK_EQ(wait_stop(pid), EVENT_STOP(SIGTRAP));
	check_get(pid, &a);
	cont(pid, 0);
	CHECK_OK(write(go[1], "x", 1));
	CHECK(wait_until(leader_gone, 10000));
	check_both(pid, ESRCH);
	CHECK_OK(write(go[1], "x", 1));
	CHECK_EQ(waitpid(pid, &status, __WALL), pid);
	CHECK_EQ(status, 0);
}

/* The argument as such: good but for one field. */
static const unsigned int commands[] = { SUD_IOC_GET_TASK, SUD_IOC_SET_TASK };

TEST(bad_task, "each bad argument has its errno and changes nothing")
{
	static const struct {
		size_t at;
		int size;
		uint64_t value;
		int err;
		unsigned int cmd;
	} cases[] = {
#define C(field, value, err, ...)                                   \
	{ offsetof(struct sud_task_config, field),                  \
	  sizeof(((struct sud_task_config *)0)->field), value, err, \
	  __VA_ARGS__ }
		C(size, 0, EINVAL, 0),
		C(size, SUD_TASK_CONFIG_SIZE_VER0 - 1, EINVAL, 0),
		C(size, 1 << 20, E2BIG, 0),
		C(size, -1, E2BIG, 0),
		C(flags, 1U << 3, EINVAL, 0),
		C(flags, 1U << 31, EINVAL, 0),
		C(flags, SUD_TASK_TAKE_REGIONS, EINVAL, SUD_IOC_SET_TASK),
		C(flags, SUD_TASK_TAKE_LISTENER, EINVAL, SUD_IOC_SET_TASK),
		C(reserved, 1, EINVAL, 0),
		C(reserved, 1U << 31, EINVAL, 0),
		C(config, 0, EFAULT, 0),
		C(config, 1ULL << 63, EFAULT, 0),
		C(config, 0xffff800000000000, EFAULT, 0),
		C(config, -1, EFAULT, 0),
#undef C
	};
	struct sud_config b = config_but_b(), c;

	armed_as = b;
	pid_t pid = bring_traceme();

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		for (int n = 0; n < 2; n++) {
			struct sud_task_config t =
				good_task(pid, commands[n], &c);

			if (cases[i].cmd && cases[i].cmd != commands[n])
				continue;
			memcpy((char *)&t + cases[i].at, &cases[i].value,
			       cases[i].size);
			errno = 0;
			int r = ioctl(sud_fd, commands[n], &t);

			if (r != -1 || errno != cases[i].err)
				FAIL("case %u, ioctl %d: %d, errno %d, not %d",
				     i, n, r, errno, cases[i].err);
			check_get(pid, &b);
		}
	}
	for (int n = 0; n < 2; n++) {
		CHECK_ERR(ioctl(sud_fd, commands[n], NULL), EFAULT);
		CHECK_ERR(ioctl(sud_fd, commands[n], -1L), EFAULT);
	}
	finish(pid, V_BUT_B);
}

TEST(fault, "a struct that is not all there, or cannot be written, is EFAULT")
{
	struct sud_config b = config_but_b(), c;
	struct sud_task_config t;

	armed_as = b;
	pid_t pid = bring_traceme();

	for (int n = 0; n < 2; n++) {
		t = good_task(pid, commands[n], &c);
		CHECK_ERR(ioctl(sud_fd, commands[n], at_page_end(&t, 24)),
			  EFAULT);
		t.config = (uintptr_t)at_page_end(&c, 48);
		CHECK_ERR(ioctl(sud_fd, commands[n], &t), EFAULT);
		check_get(pid, &b);
	}
	t = good_task(pid, SUD_IOC_GET_TASK, &c);
	CHECK_ERR(ioctl(sud_fd, SUD_IOC_GET_TASK,
			at_page_end_read_only(&t, sizeof(t))),
		  EFAULT);
	t.config = (uintptr_t)at_page_end_read_only(&c, sizeof(c));
	CHECK_ERR(ioctl(sud_fd, SUD_IOC_GET_TASK, &t), EFAULT);
	check_get(pid, &b);
	/* What is only read may be read-only. */
	t = good_task(pid, SUD_IOC_SET_TASK, &c);
	t.config = (uintptr_t)at_page_end_read_only(&c, sizeof(c));
	CHECK_OK(ioctl(sud_fd, SUD_IOC_SET_TASK, &t));
	check_get(pid, &c);
	finish(pid, V_ONLY_B);
}

TEST(exact_end, "both structs may end where memory does")
{
	struct sud_config c;
	pid_t pid = bring_traceme();

	for (int n = 1; n >= 0; n--) {
		struct sud_task_config t = good_task(pid, commands[n], &c);

		t.config = (uintptr_t)at_page_end(&c, sizeof(c));
		CHECK_OK(
			ioctl(sud_fd, commands[n], at_page_end(&t, sizeof(t))));
	}
	check_get(pid, &c);
	finish(pid, V_ONLY_B);
}

TEST(larger_task,
     "a larger argument is taken when the rest is zero, else E2BIG")
{
	struct {
		struct sud_task_config t;
		unsigned char more[40];
	} big = { 0 };
	struct sud_config c, off_here = config_off;
	pid_t pid = bring_traceme();

	for (int n = 1; n >= 0; n--) {
		big.t = good_task(pid, commands[n], &c);
		big.t.size = sizeof(big);
		for (unsigned int i = 0; i < sizeof(big.more); i += 13) {
			big.more[i] = 1;
			CHECK_ERR(ioctl(sud_fd, commands[n], &big), E2BIG);
			big.more[i] = 0;
		}
		check_get(pid, n ? &off_here : &c);
		CHECK_OK(ioctl(sud_fd, commands[n], &big));
		check_get(pid, &c);
	}
	finish(pid, V_ONLY_B);
}

TEST(config_size,
     "the configuration's own size is judged as SET's and GET's is")
{
	struct {
		struct sud_config c;
		unsigned char more[40];
	} big = { 0 };
	struct sud_task_config t;
	struct sud_config c, a = config_only_b();
	pid_t pid = bring_traceme();

	for (int n = 0; n < 2; n++) {
		t = good_task(pid, commands[n], &c);
		for (unsigned int size = 0; size < SUD_CONFIG_SIZE_VER0;
		     size += 11) {
			c.size = size;
			CHECK_ERR(ioctl(sud_fd, commands[n], &t), EINVAL);
		}
		c.size = 1 << 20;
		CHECK_ERR(ioctl(sud_fd, commands[n], &t), E2BIG);
		c.size = -1;
		CHECK_ERR(ioctl(sud_fd, commands[n], &t), E2BIG);
	}
	check_get(pid, &config_off);
	t = good_task(pid, SUD_IOC_SET_TASK, &big.c);
	big.c.size = sizeof(big);
	for (unsigned int i = 0; i < sizeof(big.more); i += 13) {
		big.more[i] = 1;
		CHECK_ERR(ioctl(sud_fd, SUD_IOC_SET_TASK, &t), E2BIG);
		big.more[i] = 0;
	}
	check_get(pid, &config_off);
	CHECK_OK(ioctl(sud_fd, SUD_IOC_SET_TASK, &t));
	check_get(pid, &a);
	/* GET_TASK fills what it knows and zeroes the rest. */
	t = good_task(pid, SUD_IOC_GET_TASK, &big.c);
	memset(&big, 0xff, sizeof(big));
	big.c.size = sizeof(big);
	CHECK_OK(ioctl(sud_fd, SUD_IOC_GET_TASK, &t));
	CHECK(!memcmp(&big.c, &a, sizeof(a)));
	for (unsigned int i = 0; i < sizeof(big.more); i++)
		CHECK_EQ(big.more[i], 0);
	finish(pid, V_ONLY_B);
}

/* SET_TASK of config_b() with one thing wrong. */
static void check_bad_config(pid_t pid, uint32_t flags,
			     const struct sud_config *c, int err)
{
	struct sud_task_config t = { .tid = pid, .flags = flags };

	CHECK_ERR(sud_set_task(sud_fd, &t, c), err);
}

TEST(bad_config, "each bad configuration has SET's errno and changes nothing")
{
	static const struct {
		size_t at;
		int size;
		uint64_t value;
		int err;
	} cases[] = {
#define C(field, value, err)                  \
	{ offsetof(struct sud_config, field), \
	  sizeof(((struct sud_config *)0)->field), value, err }
		C(mode, 3, EINVAL),
		C(mode, -1, EINVAL),
		C(mode, SUD_MODE_OFF, EINVAL), /* with the rest */
		C(len, 0, EINVAL), /* offset + 0 <= offset */
		C(offset, -1, EINVAL),
		C(selector, 1ULL << 63, EFAULT),
		C(selector, 0xffff800000000000, EFAULT),
		C(selector, -1, EFAULT),
		C(selector, 1ULL << 56, EFAULT),
		C(delivery, 77, EINVAL),
		C(delivery, SUD_DELIVER_UPCALL, EINVAL), /* no entry */
		C(flags, 1U << 31, EINVAL),
		C(flags, 1U << 20, EINVAL),
		C(flags, SUD_FLAG_REGIONS, EINVAL), /* with a region */
		C(upcall_entry, 4096, EINVAL), /* SIGSYS has none */
		C(upcall_frame, 4096, EINVAL),
#undef C
	};
	struct sud_config a = config_only_b(), c;

	armed_as = a;
	pid_t pid = bring_traceme();

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct sud_task_config t = { .tid = pid, .flags = OWN_BITS };

		c = config_but_b();
		memcpy((char *)&c + cases[i].at, &cases[i].value,
		       cases[i].size);
		errno = 0;
		int r = sud_set_task(sud_fd, &t, &c);

		if (r != -1 || errno != cases[i].err)
			FAIL("case %u: %d, errno %d, not %d", i, r, errno,
			     cases[i].err);
		check_get(pid, &a);
	}
	/* Addresses of an upcall, and flags that want an address. */
	c = config_but_b_upcall(true);
	c.upcall_entry = 0xffffffff81000000;
	check_bad_config(pid, OWN_BITS, &c, EFAULT);
	c = config_but_b_upcall(true);
	c.upcall_frame = 0xffffffff81000000;
	check_bad_config(pid, OWN_BITS, &c, EFAULT);
	c = config_but_b();
	c.selector = 0;
	c.flags = SUD_FLAG_AUTO_ALLOW;
	check_bad_config(pid, OWN_BITS, &c, EINVAL);
	c.flags = 0;
	check_bad_config(pid, OWN_BITS | SUD_TASK_TAKE_REGIONS, &c, EINVAL);
	/* What only 64-bit code may have. */
	c = config_but_b();
	c.selector = 1ULL << 32;
	check_bad_config(pid, SUD_TASK_32BIT, &c, EFAULT);
	c = config_but_b();
	c.flags = SUD_FLAG_SELECTOR_FS;
	check_bad_config(pid, SUD_TASK_32BIT, &c, EINVAL);
	check_get(pid, &a);
	finish(pid, V_ONLY_B);
}

/* The kernel's own SUD beside it. */
static void need_native(void)
{
	if (!native_has(SUD_MODE_EXCLUSIVE))
		SKIP("this kernel has no SUD of its own");
}

static void arm_natively(void)
{
	CHECK_OK(prctl(PR_SET_SYSCALL_USER_DISPATCH, SUD_MODE_EXCLUSIVE,
		       (unsigned long)site_b,
		       (unsigned long)(site_b_end - (char *)site_b),
		       &selector));
	stop_by_itself();
}

TEST(natively_armed,
     "a natively armed thread: SET_TASK says EBUSY, GET_TASK shows OFF")
{
	struct sud_config a = config_only_b();

	need_native();
	pid_t pid = bring(arm_natively, 0);

	check_get(pid, &config_off);
	CHECK_ERR(set_task(sud_fd, pid, &a, 0), EBUSY);
	CHECK_ERR(set_task(sud_fd, pid, &config_off, 0), EBUSY);
	check_get(pid, &config_off);
	finish(pid, V_BUT_B);
}

static void refused_natively(void)
{
	stop_by_itself();
	CHECK_ERR(prctl(PR_SET_SYSCALL_USER_DISPATCH, SUD_MODE_OFF, 0, 0, 0),
		  EBUSY);
}

TEST(native_prctl_busy, "a thread that its tracer armed: the prctl says EBUSY")
{
	struct sud_config b = config_but_b();

	need_native();
	pid_t pid = bring(refused_natively, 0);

	set_config(pid, &b);
	finish(pid, V_BUT_B);
}

TEST(native_requests_busy,
     "so do the kernel's own requests, as long as it is armed")
{
	struct sud_config b = config_but_b();
	uint64_t c[4];
	pid_t pid = bring_traceme();

	if (ptrace(PTRACE_GET_SYSCALL_USER_DISPATCH_CONFIG, pid, sizeof(c), c))
		SKIP("this kernel has no ptrace requests for SUD");
	set_config(pid, &b);
	CHECK_ERR(ptrace(PTRACE_GET_SYSCALL_USER_DISPATCH_CONFIG, pid,
			 sizeof(c), c),
		  EBUSY);
	memset(c, 0, sizeof(c));
	CHECK_ERR(ptrace(PTRACE_SET_SYSCALL_USER_DISPATCH_CONFIG, pid,
			 sizeof(c), c),
		  EBUSY);
	check_get(pid, &b);
	set_config(pid, &config_off);
	memset(c, 0xff, sizeof(c));
	CHECK_OK(ptrace(PTRACE_GET_SYSCALL_USER_DISPATCH_CONFIG, pid, sizeof(c),
			c));
	for (int i = 0; i < 4; i++)
		CHECK_EQ(c[i], 0);
	set_config(pid, &b);
	finish(pid, V_BUT_B);
}

TEST(unprivileged, "a tracer needs no privilege")
{
	struct sud_config a = config_only_b(), b = config_but_b();

	CHECK_OK(setgid(65534));
	CHECK_OK(setuid(65534));
	armed_as = a;
	pid_t pid = bring_traceme();

	check_get(pid, &a);
	set_config(pid, &b);
	finish(pid, V_BUT_B);
	check_both(1, EPERM);
}

static void in_namespace(void)
{
	struct sud_config a = config_only_b();
	pid_t pid;

	CHECK_EQ(getpid(), 1);
	pid = bring_traceme();
	CHECK_EQ(pid, 2);
	set_config(pid, &a);
	check_get(pid, &a);
	finish(pid, V_ONLY_B);
	/* Alive, but not here. */
	check_both(getpid() + 1000000, ESRCH);
}

TEST(pid_namespace, "the tid is one of the caller's pid namespace")
{
	if (unshare(CLONE_NEWPID))
		SKIP("no pid namespaces: %s", strerror(errno));
	CHECK_EQ(in_child(in_namespace), 0);
}
