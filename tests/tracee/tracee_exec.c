// SPDX-License-Identifier: GPL-2.0-only
/*
 * Another thread's configuration, in the stops at its exec and its exit.
 */
#include <pthread.h>
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

static void *exec_in_thread(void *unused)
{
	(void)unused;
	image_exec("/proc/self/exe", "probe", 0);
	FAIL("exec: %s", strerror(errno));
}

static void stop_then_exec_in_thread(void)
{
	pthread_t thread;

	stop_by_itself();
	CHECK(!pthread_create(&thread, NULL, exec_in_thread, NULL));
	pthread_join(thread, NULL);
}

/* The exec stop is there, but its tracer has not been told. */
static void await_exec_stop(pid_t pid)
{
	siginfo_t info;

	/* In the midst of the exec, the old leader is dead and not to be had. */
	do {
		memset(&info, 0, sizeof(info));
		if (waitid(P_PID, pid, &info, WSTOPPED | WNOWAIT | __WALL))
			CHECK_EQ(errno, ECHILD);
	} while (info.si_status != EVENT(PTRACE_EVENT_EXEC));
}

TEST(exec_unseen,
     "a tid that another thread's exec took over is ESRCH until its tracer is told")
{
	struct sud_config b = config_only_b();
	pid_t pid, thread;
	int status;

	armed_as = config_off;
	pid = bring(stop_then_exec_in_thread,
		    PTRACE_O_TRACEEXEC | PTRACE_O_TRACECLONE);
	cont(pid, 0);
	CHECK_EQ(wait_stop(pid), EVENT(PTRACE_EVENT_CLONE));
	thread = waitpid(-1, &status, __WALL);
	CHECK(thread > 0 && thread != pid && WIFSTOPPED(status));
	cont(pid, 0);
	cont(thread, 0);
	await_exec_stop(pid);
	check_both(pid, ESRCH);
	CHECK_EQ(wait_stop(pid), EVENT(PTRACE_EVENT_EXEC));
	check_get(pid, &config_off);
	set_config(pid, &b);
	check_get(pid, &b);
	kill(pid, SIGKILL);
	CHECK_EQ(waitpid(pid, &status, __WALL), pid);
}
