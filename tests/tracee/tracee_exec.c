// SPDX-License-Identifier: GPL-2.0-only
/*
 * Another thread's configuration, in the stops at its exec and its exit.
 */
#include <sys/ptrace.h>

#include "lib/armed.h"
#include "lib/harness.h"
#include "lib/module.h"
#include "lib/tracer.h"

static void check_event_exit(const struct sud_config *before,
			     const struct sud_config *in_stop)
{
	int status, refs = module_refs();
	pid_t pid;

	armed_as = before ? *before : config_off;
	pid = bring(stop_then_exit, PTRACE_O_TRACEEXIT);
	cont(pid, 0);
	CHECK_EQ(wait_stop(pid), EVENT(PTRACE_EVENT_EXIT));
	check_get(pid, before ? before : &config_off);
	set_config(pid, in_stop);
	check_get(pid, in_stop);
	CHECK_EQ(module_refs(), refs + (in_stop->mode != SUD_MODE_OFF));
	cont(pid, 0);
	CHECK_EQ(waitpid(pid, &status, __WALL), pid);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 7);
	CHECK_EQ(module_refs(), refs);
}

TEST(event_exit,
     "a thread that is armed, re-armed or disarmed as it exits leaves nothing")
{
	struct sud_config a = config_only_b(), b = config_but_b();

	check_event_exit(NULL, &b);
	check_event_exit(&a, &b);
	check_event_exit(&a, &config_off);
}

static pid_t bring_exec(void)
{
	pid_t pid = bring(stop_then_exec, PTRACE_O_TRACEEXEC);

	cont(pid, 0);
	CHECK_EQ(wait_stop(pid), EVENT(PTRACE_EVENT_EXEC));
	return pid;
}

TEST(event_exec, "at the exec stop the new image is off, whatever was before")
{
	struct sud_config a = config_only_b(), b = config_but_b();
	pid_t pid;

	/* The second was armed by the tracer. */
	for (int i = 0; i < 2; i++) {
		armed_as = i ? config_off : a;
		pid = bring(stop_then_exec, PTRACE_O_TRACEEXEC);
		if (i)
			set_config(pid, &b);
		cont(pid, 0);
		CHECK_EQ(wait_stop(pid), EVENT(PTRACE_EVENT_EXEC));
		check_get(pid, &config_off);
		cont(pid, 0);
		CHECK_EQ(wait_stop(pid), SIGSTOP);
		check_get(pid, &config_off);
		finish(pid, V_OFF);
	}
}

TEST(event_exec_arm, "at the exec stop a tracer may arm the new image")
{
	struct sud_config a = config_only_b();
	pid_t pid = bring_exec();

	/* The image is this program, at the same addresses. */
	set_config(pid, &a);
	cont(pid, 0);
	CHECK_EQ(wait_stop(pid), SIGSTOP);
	check_get(pid, &a);
	finish(pid, V_ONLY_B);
}
