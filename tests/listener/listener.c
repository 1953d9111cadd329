// SPDX-License-Identifier: GPL-2.0-only
/* A listener, one call at a time: what it is told, and what its answers do. */
#include <fcntl.h>
#include <poll.h>

#include "lib/armed.h"
#include "lib/backend.h"
#include "lib/harness.h"
#include "lib/notify.h"
#include "lib/sigsys.h"
#include "lib/sites.h"

#ifdef __i386__
#define ARCH AUDIT_ARCH_I386
#define ARG1 bx
#define ARG2 cx
#define ARG3 dx
#else
#define ARCH AUDIT_ARCH_X86_64
#define ARG1 di
#define ARG2 si
#define ARG3 dx
#endif

TEST(layout, "the structs have the published sizes and offsets")
{
	CHECK_EQ(sizeof(struct sud_listen), 8);
	CHECK_EQ(sizeof(struct sud_regs), 144);
	CHECK_EQ(sizeof(struct sud_notification), 184);
	CHECK_EQ(offsetof(struct sud_notification, regs), 40);
	CHECK_EQ(sizeof(struct sud_answer), 168);
	CHECK_EQ(offsetof(struct sud_answer, regs), 24);
	CHECK_EQ(sizeof(struct sud_serve), 40);
	CHECK_EQ(sizeof(struct sud_task_config), 40);
}

static void call_once(void)
{
	CHECK_EQ(site_a(MAGIC_NR, 11, 12, 13), 4711);
	CHECK_EQ(site_a(MAGIC_NR, 21, 22, 23), -EDOM);
}

TEST(told,
     "a call is told with thread, number, place and registers, and answered")
{
	struct sud_notification call, other;
	pid_t pid;

	call = take_first(0, call_once, &pid);
	CHECK_EQ(call.pid, pid);
	CHECK_EQ(call.tid, pid);
	CHECK_EQ(call.nr, MAGIC_NR);
	CHECK_EQ(call.arch, ARCH);
	CHECK_EQ(call.selector, 0);
	CHECK_EQ(call.reserved, 0);
	CHECK_EQ(call.regs.ip, (uintptr_t)site_a_ip);
	CHECK_EQ(call.regs.ax, MAGIC_NR);
	CHECK_EQ(call.regs.ARG1, 11);
	CHECK_EQ(call.regs.ARG2, 12);
	CHECK_EQ(call.regs.ARG3, 13);
	CHECK_EQ(call.regs.flags & 0x302, 0x202);
	CHECK_OK(sud_call_valid(listener, call.id));
	answer(&call, 4711);
	CHECK_ERR(sud_call_valid(listener, call.id), ENOENT);

	other = take_call();
	CHECK(other.id != call.id);
	CHECK_EQ(other.regs.ARG1, 21);
	answer(&other, -EDOM);
	end_caller(pid);
}

static void restart_values(void)
{
	for (int err = 511; err <= 516; err++)
		CHECK_EQ(site_a(MAGIC_NR, 0, 0, 0), -err);
}

TEST(not_restarted, "a result that looks like a request to restart is a result")
{
	struct sud_notification call;
	pid_t pid;

	start_listener(0);
	pid = start_caller(restart_values);
	for (int err = 511; err <= 516; err++) {
		call = take_call();
		/* On its way out the thread looks at its signals. */
		CHECK_OK(kill(pid, SIGCHLD));
		answer(&call, -err);
	}
	end_caller(pid);
}

static void ask_pid(void)
{
	CHECK_EQ(site_a(SYS_getpid, 0, 0, 0), getpid());
	CHECK_EQ(site_a(SYS_getpid, 0, 0, 0), getppid());
}

TEST(run, "a call runs natively, as it is or as another one")
{
	struct sud_notification call;
	pid_t pid;

	call = take_first(0, ask_pid, &pid);
	answer_by(&call, SUD_ANSWER_RUN);
	call = take_call();
	call.regs.ax = SYS_getppid;
	answer_by(&call, SUD_ANSWER_RUN | SUD_ANSWER_REGS);
	end_caller(pid);
}

static void elsewhere(void)
{
	_exit(3);
}

TEST(moved, "with other registers the thread goes on elsewhere")
{
	struct sud_notification call;
	int status;
	pid_t pid;

	call = take_first(0, call_once, &pid);
	call.regs.ip = (uintptr_t)elsewhere;
	/* As at the entry of a function. */
	call.regs.sp = ((call.regs.sp - 512) & ~15UL) - sizeof(long);
	answer_by(&call, SUD_ANSWER_REGS);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 3 << 8);
}

static void check_refused(struct sud_answer a, int err)
{
	CHECK_ERR(sud_serve(listener, &a, 1, NULL, 0), err);
	CHECK_EQ(a.error, err);
}

TEST(refused, "an answer that cannot be is refused, and the call waits on")
{
	struct sud_notification call;
	struct sud_answer a;
	pid_t pid;

	call = take_first(0, call_once, &pid);

	a = answer_with(&call, 4711);
	a.id++;
	check_refused(a, ENOENT);
	a = answer_with(&call, 4711);
	a.flags = 4;
	check_refused(a, EINVAL);
	a = answer_with(&call, 4711);
	a.flags = SUD_ANSWER_RUN;
	check_refused(a, EINVAL);
	a = answer_with(&call, 0);
	a.flags = SUD_ANSWER_REGS;
	a.regs = call.regs;
	/* IOPL, and the interrupt flag. */
	a.regs.flags ^= 0x3000;
	check_refused(a, EINVAL);
	a.regs.flags = call.regs.flags ^ 0x200;
	check_refused(a, EINVAL);
	a.regs.flags = call.regs.flags;
	a.regs.ip = 1ULL << 63;
	check_refused(a, EINVAL);
	a.regs.ip = (1ULL << 47) | 0x1000;
#ifdef __i386__
	check_refused(a, EINVAL);
	a.regs = call.regs;
	a.regs.si = 1ULL << 32;
#else
	a.regs.ip = ~0ULL - 4096;
#endif
	check_refused(a, EINVAL);

	CHECK_OK(sud_call_valid(listener, call.id));
	answer(&call, 4711);
	a = answer_with(&call, 4711);
	check_refused(a, ENOENT);
	call = take_call();
	answer(&call, -EDOM);
	end_caller(pid);
}

TEST(sizes, "sizes, addresses and flags are checked, and nothing is lost")
{
	struct sud_serve s = { .size = sizeof(s), .flags = 0 };
	struct sud_listen l = { .size = sizeof(l) };
	struct sud_answer short_answer;
	struct sud_notification call;
	pid_t pid;

	l.flags = 2;
	CHECK_ERR(ioctl(sud_fd, SUD_IOC_LISTEN, &l), EINVAL);
	l.flags = 0;
	l.size = 7;
	CHECK_ERR(ioctl(sud_fd, SUD_IOC_LISTEN, &l), EINVAL);
	l.size = 4097;
	CHECK_ERR(ioctl(sud_fd, SUD_IOC_LISTEN, &l), E2BIG);
	CHECK_ERR(ioctl(sud_fd, SUD_IOC_LISTEN, NULL), EFAULT);

	start_listener(0);
	CHECK_ERR(ioctl(sud_fd, SUD_IOC_SERVE, &s), ENOTTY);
	CHECK_ERR(ioctl(listener, SUD_IOC_SET, &s), ENOTTY);
	CHECK_ERR(ioctl(listener, SUD_IOC_SERVE, NULL), EFAULT);
	CHECK_ERR(ioctl(listener, SUD_IOC_CALL_VALID, NULL), EFAULT);
	CHECK_EQ(ioctl(listener, SUD_IOC_SERVE, &s), 0);
	s.flags = 1;
	CHECK_ERR(ioctl(listener, SUD_IOC_SERVE, &s), EINVAL);
	s.flags = 0;
	s.size--;
	CHECK_ERR(ioctl(listener, SUD_IOC_SERVE, &s), EINVAL);
	s.size = 4097;
	CHECK_ERR(ioctl(listener, SUD_IOC_SERVE, &s), E2BIG);
	s.size = sizeof(s);

	pid = start_caller(call_once);
	s.call_count = 1;
	s.call_size = sizeof(call) - 1;
	CHECK_ERR(ioctl(listener, SUD_IOC_SERVE, &s), EINVAL);
	s.call_size = 4097;
	CHECK_ERR(ioctl(listener, SUD_IOC_SERVE, &s), E2BIG);
	s.call_size = sizeof(call);
	/* Taken and not given: the next one gets it. */
	CHECK_ERR(ioctl(listener, SUD_IOC_SERVE, &s), EFAULT);
	call = take_call();

	s.call_count = 0;
	s.answer_count = 1;
	s.answer_size = SUD_ANSWER_SIZE_VER0 - 1;
	CHECK_ERR(ioctl(listener, SUD_IOC_SERVE, &s), EINVAL);
	s.answer_size = SUD_ANSWER_SIZE_VER0;
	CHECK_ERR(ioctl(listener, SUD_IOC_SERVE, &s), EFAULT);
	/* Short, without the registers that it does not need. */
	short_answer = answer_with(&call, 4711);
	s.answers = (uintptr_t)&short_answer;
	short_answer.flags = SUD_ANSWER_REGS;
	short_answer.result = 0;
	CHECK_ERR(ioctl(listener, SUD_IOC_SERVE, &s), EINVAL);
	short_answer = answer_with(&call, 4711);
	CHECK_EQ(ioctl(listener, SUD_IOC_SERVE, &s), 0);

	call = take_call();
	answer(&call, -EDOM);
	end_caller(pid);
}

TEST(one,
     "an open /dev/sud has one listener at a time; without it SET says EINVAL")
{
	struct sud_config c = config_notify(0);
	int fd, other;

	CHECK_ERR(sud_set(sud_fd, &c), EINVAL);
	start_listener(0);
	CHECK(fcntl(listener, F_GETFD) & FD_CLOEXEC);
	CHECK_ERR(sud_listen(sud_fd, 0), EBUSY);
	c.flags = SUD_FLAG_AUTO_ALLOW;
	c.selector = (uintptr_t)&selector;
	CHECK_ERR(sud_set(sud_fd, &c), EINVAL);
	c = config_notify(0);
	c.upcall_entry = (uintptr_t)elsewhere;
	CHECK_ERR(sud_set(sud_fd, &c), EINVAL);

	/* Another open file has another one. */
	fd = sud_open();
	CHECK_OK(fd);
	other = sud_listen(fd, 0);
	CHECK_OK(other);
	close(listener);
	c = config_notify(0);
	CHECK_ERR(sud_set(sud_fd, &c), EINVAL);
	start_listener(SUD_LISTEN_KILLABLE);
	CHECK_OK(sud_set(sud_fd, &c));
	CHECK_OK(sud_disarm(sud_fd));
}

static void call_thrice(void)
{
	for (int i = 0; i < 3; i++)
		CHECK_EQ(site_a(MAGIC_NR, 0, 0, 0), -ENOSYS);
}

TEST(closed,
     "as it is closed, calls that wait fail with ENOSYS, and so do later ones")
{
	pid_t first, second;

	start_listener(0);
	first = start_caller(call_thrice);
	take_call();
	second = start_caller(call_thrice);
	wait_asleep(second);
	close(listener);
	end_caller(first);
	end_caller(second);
}

TEST(nobody,
     "O_NONBLOCK gives EAGAIN; when no call can come, POLLHUP and ESRCH")
{
	struct pollfd p = { .events = POLLIN };
	struct sud_notification call;
	pid_t pid;
	int fd;

	fd = sud_open();
	CHECK_OK(fd);
	listener = sud_listen(fd, 0);
	CHECK_OK(listener);
	CHECK_OK(fcntl(listener, F_SETFL, O_NONBLOCK));
	CHECK_ERR(sud_serve(listener, NULL, 0, &call, 1), EAGAIN);

	pid = fork();
	CHECK_OK(pid);
	if (!pid) {
		struct sud_config c = config_notify(0);

		close(listener);
		CHECK_OK(sud_set(fd, &c));
		close(fd);
		CHECK_EQ(site_a(MAGIC_NR, 0, 0, 0), 1);
		_exit(0);
	}
	close(fd);
	/* The armed thread is the only one who has it. */
	call = take_call();
	check_no_call();
	answer(&call, 1);
	end_caller(pid);
	p.fd = listener;
	CHECK_EQ(poll(&p, 1, 15000), 1);
	CHECK_EQ(p.revents, POLLHUP);
	CHECK_ERR(sud_serve(listener, NULL, 0, &call, 1), ESRCH);
}

static volatile unsigned char byte = SUD_SELECTOR_BLOCK;

static void by_selector(void)
{
	struct sud_config c = config_notify(0);

	c.selector = (uintptr_t)&byte;
	CHECK_OK(sud_set(sud_fd, &c));
	CHECK_EQ(site_a(MAGIC_NR, 0, 0, 0), 5);
	byte = SUD_SELECTOR_ALLOW;
	CHECK_EQ(site_a(MAGIC_NR, 0, 0, 0), -ENOSYS);
}

TEST(selector, "the selector's address is told, and ALLOW lets calls run")
{
	struct sud_notification call;
	pid_t pid;

	call = take_first(0, by_selector, &pid);
	CHECK_EQ(call.selector, (uintptr_t)&byte);
	answer(&call, 5);
	end_caller(pid);
}
