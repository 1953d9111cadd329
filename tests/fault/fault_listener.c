// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every allocation and user copy of a listener fails, one after the other: as it is
 * made, as threads are armed with it, as calls are taken and answered. A call that
 * waits is never lost, and never answered twice.
 */
#include <poll.h>

#include "lib/armed.h"
#include "lib/backend.h"
#include "lib/fault.h"
#include "lib/harness.h"
#include "lib/notify.h"
#include "lib/sites.h"

static void nothing_armed(void)
{
	struct sud_config config;

	CHECK_OK(sud_get(sud_fd, &config));
	CHECK_EQ(config.mode, SUD_MODE_OFF);
}

static void new_file(void)
{
	int fd = sud_open();

	CHECK_OK(fd);
	CHECK_EQ(dup2(fd, sud_fd), sud_fd);
	close(fd);
}

static long do_listen(void)
{
	listener = sud_listen(sud_fd, 0);
	return listener;
}

/* A descriptor without a listener, which arms nobody to wait for one. */
static void no_listener(void)
{
	struct sud_config config = config_notify(0);
	int next = dup(0);

	CHECK_ERR(sud_set(sud_fd, &config), EINVAL);
	nothing_armed();
	/* No number was used up. */
	CHECK_OK(next);
	close(next);
	CHECK_EQ(do_listen(), next);
	close(listener);
	new_file();
}

static void is_listener(void)
{
	struct sud_config config = config_notify(0);

	CHECK_OK(sud_set(sud_fd, &config));
	CHECK_OK(sud_disarm(sud_fd));
	close(listener);
}

TEST_LIMIT(listen, "LISTEN", false, 120)
{
	static const struct fault_sweep sweep = {
		.name = "LISTEN",
		.reset = new_file,
		.op = do_listen,
		.unchanged = no_listener,
		.done = is_listener,
		.wanted = { ENOMEM, EFAULT },
	};

	fault_init();
	fault_sweep(&sweep);
	fault_exit();
}

static struct sud_config config;

static long do_set(void)
{
	return sud_set(sud_fd, &config);
}

static void is_armed(void)
{
	struct sud_config got;

	CHECK_OK(sud_get(sud_fd, &got));
	CHECK(!memcmp(&got, &config, sizeof(got)));
	CHECK_OK(sud_disarm(sud_fd));
}

/* Nobody is armed, and no /dev/sud is open that could arm. */
static void check_deserted(void)
{
	struct pollfd p = { .fd = listener, .events = POLLIN };

	new_file();
	CHECK_EQ(poll(&p, 1, 15000), 1);
	CHECK_EQ(p.revents, POLLHUP);
}

TEST_LIMIT(set, "SET with a listener", false, 120)
{
	static const struct fault_sweep sweep = {
		.name = "SET",
		.op = do_set,
		.unchanged = nothing_armed,
		.done = is_armed,
		.wanted = { ENOMEM, EFAULT },
	};

	fault_init();
	config = config_notify(SUD_FLAG_INHERIT_FORK | SUD_FLAG_INHERIT_THREAD);
	start_listener(0);
	fault_sweep(&sweep);
	check_deserted();
	fault_exit();
}

static long do_fork(void)
{
	pid_t pid = fork();

	if (!pid)
		_exit(0);
	if (pid > 0 && waitpid(pid, NULL, 0) != pid)
		return -1;
	return pid;
}

static void has_no_child(void)
{
	CHECK_ERR(waitpid(-1, NULL, 0), ECHILD);
}

TEST_LIMIT(inherit, "a fork that fails leaves no user of the listener", false,
	   120)
{
	static const struct fault_sweep sweep = {
		.name = "fork",
		.op = do_fork,
		.unchanged = has_no_child,
		.done = has_no_child,
		.wanted = { ENOMEM },
		.also = { EAGAIN },
	};

	fault_init();
	config = config_notify(SUD_FLAG_INHERIT_FORK);
	start_listener(0);
	CHECK_OK(do_set());
	fault_sweep(&sweep);
	CHECK_OK(sud_disarm(sud_fd));
	check_deserted();
	fault_exit();
}

#define ENOUGH 5000

/* Each call has its number, and gets it back with ENOUGH added; another one ends it. */
static void call_on(void)
{
	long result;
	long i = 0;

	do
		result = site_a(MAGIC_NR, i, 0, 0);
	while (result == ENOUGH + i++);
	CHECK_EQ(result, -EPERM);
}

static struct sud_notification call;
static struct sud_answer reply;
static long answered;

static void begin_call(void)
{
	wait_for_call();
	memset(&call, 0, sizeof(call));
}

static long do_take(void)
{
	return sud_serve(listener, NULL, 0, &call, 1);
}

static void check_call(void)
{
	CHECK_EQ(call.nr, MAGIC_NR);
	CHECK_EQ(call.regs.di, answered);
	CHECK_OK(sud_call_valid(listener, call.id));
}

static void answer_call(void)
{
	check_call();
	answer(&call, ENOUGH + answered);
	answered++;
}

/* It waits for another reader. */
static void not_taken(void)
{
	call = take_call();
	answer_call();
}

static pid_t caller;

static void begin_calls(void)
{
	fault_init();
	start_listener(0);
	caller = start_caller(call_on);
}

static void end_calls(void)
{
	call = take_call();
	check_call();
	answer(&call, -EPERM);
	end_caller(caller);
	fault_exit();
}

TEST_LIMIT(take, "SERVE takes a call", false, 120)
{
	static const struct fault_sweep sweep = {
		.name = "take",
		.reset = begin_call,
		.op = do_take,
		.unchanged = not_taken,
		.done = answer_call,
		.wanted = { EFAULT },
	};

	begin_calls();
	fault_sweep(&sweep);
	end_calls();
}

static unsigned int reply_flags;

static void begin_answer(void)
{
	call = take_call();
	check_call();
	reply = (struct sud_answer){ .id = call.id, .flags = reply_flags };
	if (reply_flags) {
		reply.regs = call.regs;
		reply.regs.ax = ENOUGH + answered;
	} else {
		reply.result = ENOUGH + answered;
	}
}

static long do_answer(void)
{
	return sud_serve(listener, &reply, 1, NULL, 0);
}

static void is_answered(void)
{
	CHECK_ERR(sud_call_valid(listener, call.id), ENOENT);
	answered++;
}

static void sweep_answers(const char *name, unsigned int flags)
{
	struct fault_sweep sweep = {
		.name = name,
		.reset = begin_answer,
		.op = do_answer,
		.unchanged = check_call,
		.done = is_answered,
		.wanted = { EFAULT },
	};

	reply_flags = flags;
	fault_sweep(&sweep);
}

TEST_LIMIT(answer, "SERVE answers a call", false, 120)
{
	begin_calls();
	sweep_answers("answer", 0);
	sweep_answers("answer with registers", SUD_ANSWER_REGS);
	end_calls();
}

static long do_valid(void)
{
	return sud_call_valid(listener, call.id);
}

TEST_LIMIT(valid, "CALL_VALID", false, 120)
{
	static const struct fault_sweep sweep = {
		.name = "CALL_VALID",
		.reset = begin_answer,
		.op = do_valid,
		.unchanged = check_call,
		.done = answer_call,
		.wanted = { EFAULT },
	};

	begin_calls();
	fault_sweep(&sweep);
	end_calls();
}

/* In the thread that calls. */
static void call_with_first(void)
{
	bool failed;
	long result;

	fault_process();
	fault_begin(1);
	result = site_a(MAGIC_NR, 0, 0, 0);
	failed = fault_end();
	CHECK_EQ(result, ENOUGH);
	CHECK(!failed);
}

TEST_LIMIT(wait, "a call that waits needs nothing that can fail", false, 120)
{
	pid_t pid;

	fault_init();
	start_listener(0);
	pid = start_caller(call_with_first);
	not_taken();
	end_caller(pid);
	fault_exit();
}
