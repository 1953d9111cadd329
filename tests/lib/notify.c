// SPDX-License-Identifier: GPL-2.0-only
#include "notify.h"

#include <fcntl.h>
#include <poll.h>

#include "armed.h"
#include "backend.h"
#include "harness.h"
#include "sites.h"

int listener = -1;

void start_listener(unsigned int flags)
{
	listener = sud_listen(sud_fd, flags);
	CHECK_OK(listener);
}

struct sud_config config_notify(unsigned int flags)
{
	struct sud_config c = config_a(flags);

	c.delivery = SUD_DELIVER_NOTIFY;
	return c;
}

void arm_notify(void)
{
	struct sud_config c = config_notify(0);

	CHECK_OK(sud_set(sud_fd, &c));
}

pid_t start_caller(void (*fn)(void))
{
	pid_t pid = fork();

	CHECK_OK(pid);
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	close(listener);
	arm_notify();
	fn();
	_exit(0);
}

void wait_for_call(void)
{
	struct pollfd p = { .fd = listener, .events = POLLIN };

	CHECK_EQ(poll(&p, 1, 15000), 1);
	CHECK_EQ(p.revents, POLLIN);
}

struct sud_notification take_call(void)
{
	struct sud_notification call;

	memset(&call, 0xee, sizeof(call));
	wait_for_call();
	CHECK_EQ(sud_serve(listener, NULL, 0, &call, 1), 1);
	return call;
}

struct sud_notification take_first(unsigned int flags, void (*fn)(void),
				   pid_t *pid)
{
	start_listener(flags);
	*pid = start_caller(fn);
	return take_call();
}

void check_no_call(void)
{
	struct pollfd p = { .fd = listener, .events = POLLIN };

	CHECK_EQ(poll(&p, 1, 0), 0);
}

struct sud_answer answer_with(const struct sud_notification *call, long result)
{
	return (struct sud_answer){ .id = call->id, .result = result };
}

void answer(const struct sud_notification *call, long result)
{
	struct sud_answer a = answer_with(call, result);

	CHECK_OK(sud_serve(listener, &a, 1, NULL, 0));
}

void answer_by(const struct sud_notification *call, unsigned int flags)
{
	struct sud_answer a = { .id = call->id,
				.flags = flags,
				.regs = call->regs };

	CHECK_OK(sud_serve(listener, &a, 1, NULL, 0));
}

static int end_of(pid_t pid)
{
	int status = -1;

	CHECK_EQ(waitpid(pid, &status, 0), pid);
	return status;
}

void end_caller(pid_t pid)
{
	CHECK_EQ(end_of(pid), 0);
}

void caller_died(pid_t pid, int sig)
{
	int status = end_of(pid);

	CHECK(WIFSIGNALED(status));
	CHECK_EQ(WTERMSIG(status), sig);
}

void wait_asleep(pid_t pid)
{
	char path[64], text[512], *state;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	for (int i = 0; i < 1500; i++) {
		f = fopen(path, "r");
		CHECK(f);
		CHECK(fgets(text, sizeof(text), f));
		fclose(f);
		state = strrchr(text, ')') + 2;
		if (*state == 'S' || *state == 'D')
			return;
		usleep(10000);
	}
	FAIL("thread %d does not sleep: %c", pid, *state);
}
