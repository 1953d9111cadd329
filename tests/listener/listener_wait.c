// SPDX-License-Identifier: GPL-2.0-only
/* Threads that wait for a listener: signals, stops, tracers, exec and death. */
#include <poll.h>
#include <pthread.h>
#include <sys/ptrace.h>

#include "lib/armed.h"
#include "lib/backend.h"
#include "lib/harness.h"
#include "lib/module.h"
#include "lib/notify.h"
#include "lib/sites.h"

#define GOOD 4711

static volatile int handled;

static void on_usr1(int sig)
{
	(void)sig;
	handled++;
}

static void handle_usr1(int flags)
{
	struct sigaction sa = { .sa_handler = on_usr1, .sa_flags = flags };

	CHECK_OK(sigaction(SIGUSR1, &sa, NULL));
}

static void restarted(void)
{
	handle_usr1(SA_RESTART);
	CHECK_EQ(site_a(MAGIC_NR, 0, 0, 0), GOOD);
	CHECK_EQ(handled, 1);
}

TEST(restart, "a signal with SA_RESTART: the handler runs and a new call comes")
{
	struct sud_notification call, again;
	struct sud_answer a;
	pid_t pid;

	call = take_first(0, restarted, &pid);
	CHECK_OK(kill(pid, SIGUSR1));
	again = take_call();
	CHECK(again.id != call.id);
	CHECK_EQ(again.nr, MAGIC_NR);
	CHECK_ERR(sud_call_valid(listener, call.id), ENOENT);
	a = answer_with(&call, 0);
	CHECK_ERR(sud_serve(listener, &a, 1, NULL, 0), ENOENT);
	answer(&again, GOOD);
	end_caller(pid);
}

static void interrupted(void)
{
	handle_usr1(0);
	CHECK_EQ(site_a(MAGIC_NR, 0, 0, 0), -EINTR);
	CHECK_EQ(handled, 1);
}

TEST(eintr, "a signal without it: the call fails with EINTR, taken or not")
{
	pid_t pid;

	take_first(0, interrupted, &pid);
	CHECK_OK(kill(pid, SIGUSR1));
	end_caller(pid);

	pid = start_caller(interrupted);
	wait_asleep(pid);
	/* In its wait, and not on its way there. */
	CHECK_EQ(poll(&(struct pollfd){ listener, POLLIN, 0 }, 1, 15000), 1);
	CHECK_OK(kill(pid, SIGUSR1));
	end_caller(pid);
	check_no_call();
}

static void negative(void)
{
	handle_usr1(0);
	for (long nr = -1; nr >= -3; nr--)
		CHECK_EQ(site_a(nr, 0, 0, 0), GOOD);
	for (long nr = -511; nr >= -517; nr--)
		CHECK_EQ(site_a(nr, 0, 0, 0), GOOD);
	CHECK_EQ(handled, 10);
}

TEST(negative,
     "a call with a negative number is restarted, whatever the signal")
{
	struct sud_notification call;
	pid_t pid;

	start_listener(0);
	pid = start_caller(negative);
	for (int i = 0; i < 10; i++) {
		call = take_call();
		CHECK_OK(kill(pid, SIGUSR1));
		call = take_call();
		answer(&call, GOOD);
	}
	end_caller(pid);
}

static void killable(void)
{
	handle_usr1(0);
	CHECK_EQ(site_a(MAGIC_NR, 0, 0, 0), GOOD);
	CHECK_EQ(handled, 1);
}

TEST(killable,
     "KILLABLE: once taken, a call is answered before the handler runs")
{
	struct sud_notification call;
	pid_t pid;

	call = take_first(SUD_LISTEN_KILLABLE, killable, &pid);
	CHECK_OK(kill(pid, SIGUSR1));
	usleep(100000);
	CHECK_OK(sud_call_valid(listener, call.id));
	answer(&call, GOOD);
	end_caller(pid);
}

static void blocks_all(void)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	CHECK_EQ(site_a(MAGIC_NR, 0, 0, 0), GOOD);
}

TEST(masked, "a thread that blocks all signals is served as any")
{
	struct sud_notification call;
	pid_t pid;

	call = take_first(0, blocks_all, &pid);
	CHECK_OK(kill(pid, SIGUSR1));
	CHECK_OK(kill(pid, SIGTERM));
	usleep(50000);
	CHECK_OK(sud_call_valid(listener, call.id));
	answer(&call, GOOD);
	end_caller(pid);
}

static void die_waiting(unsigned int flags, bool taken)
{
	struct sud_notification call = { 0 };
	struct sud_answer a;
	pid_t pid;

	start_listener(flags);
	pid = start_caller(blocks_all);
	CHECK_EQ(poll(&(struct pollfd){ listener, POLLIN, 0 }, 1, 15000), 1);
	if (taken)
		call = take_call();
	CHECK_OK(kill(pid, SIGKILL));
	caller_died(pid, SIGKILL);
	check_no_call();
	if (taken) {
		a = answer_with(&call, 0);
		CHECK_ERR(sud_serve(listener, &a, 1, NULL, 0), ENOENT);
	}
	close(listener);
}

TEST(killed, "a thread that waits can be killed, taken or not, KILLABLE or not")
{
	for (int i = 0; i < 4; i++)
		die_waiting(i & 1 ? SUD_LISTEN_KILLABLE : 0, i & 2);
}

TEST(stopped, "SIGSTOP and SIGCONT: the program notices nothing")
{
	struct sud_notification call;
	int status;
	pid_t pid;

	call = take_first(0, blocks_all, &pid);
	CHECK_OK(kill(pid, SIGSTOP));
	CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
	CHECK(WIFSTOPPED(status));
	CHECK_ERR(sud_call_valid(listener, call.id), ENOENT);
	check_no_call();
	CHECK_OK(kill(pid, SIGCONT));
	call = take_call();
	answer(&call, GOOD);
	end_caller(pid);
}

TEST(traced,
     "a tracer stops it, reads and restores its configuration, and lets it go")
{
	struct sud_config config, want = config_notify(0);
	struct sud_task_config task = { .flags = SUD_TASK_TAKE_LISTENER };
	struct sud_notification call;
	int status, fd = sud_open();
	pid_t pid;

	CHECK_OK(fd);
	take_first(0, blocks_all, &pid);
	CHECK_OK(ptrace(PTRACE_SEIZE, pid, 0, 0));
	CHECK_OK(ptrace(PTRACE_INTERRUPT, pid, 0, 0));
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK(WIFSTOPPED(status));

	task.tid = pid;
	CHECK_OK(sud_get_task(fd, &task, &config));
	CHECK(same(&config, &want));
	CHECK(task.listener);
	/* Restored by a descriptor that has only taken the listener. */
	CHECK_OK(sud_set_task(fd,
			      &(struct sud_task_config){ .tid = pid,
							 .flags = task.flags },
			      &config_off));
	task.listener++;
	CHECK_ERR(sud_set_task(fd, &task, &config), EINVAL);
	task.listener--;
	CHECK_OK(sud_set_task(fd, &task, &config));
	CHECK_OK(ptrace(PTRACE_DETACH, pid, 0, 0));
	close(fd);

	call = take_call();
	answer(&call, GOOD);
	end_caller(pid);
}

static void *wait_in_thread(void *unused)
{
	arm_notify();
	site_a(MAGIC_NR, 0, 0, 0);
	return unused;
}

static void exec_beside(void)
{
	pthread_t thread;

	CHECK_OK(sud_disarm(sud_fd));
	CHECK(!pthread_create(&thread, NULL, wait_in_thread, NULL));
	usleep(200000);
	/* What it prints is not for the test. */
	close(STDOUT_FILENO);
	execl("/proc/self/exe", "exec", "no such test", NULL);
	_exit(9);
}

static void exit_beside(void)
{
	pthread_t thread;

	CHECK_OK(sud_disarm(sud_fd));
	CHECK(!pthread_create(&thread, NULL, wait_in_thread, NULL));
	usleep(200000);
	_exit(4);
}

TEST(process, "exec and exit by another thread end the wait")
{
	struct sud_notification call;
	int status;
	pid_t pid;

	call = take_first(SUD_LISTEN_KILLABLE, exit_beside, &pid);
	CHECK_EQ(call.pid, pid);
	CHECK(call.tid != pid);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 4 << 8);
	CHECK_ERR(sud_call_valid(listener, call.id), ENOENT);

	pid = start_caller(exec_beside);
	call = take_call();
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) != 9);
	CHECK_ERR(sud_call_valid(listener, call.id), ENOENT);
}

static void inherits(void)
{
	struct sud_config c = config_notify(BOTH);
	int status;
	pid_t pid;

	CHECK_OK(sud_set(sud_fd, &c));
	pid = fork();
	CHECK_OK(pid);
	if (!pid)
		_exit(site_a(MAGIC_NR, 0, 0, 0));
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 6 << 8);
}

TEST(inherit, "a child that inherits waits for the same listener")
{
	struct sud_notification call;
	pid_t pid;

	call = take_first(0, inherits, &pid);
	CHECK(call.pid != pid);
	answer(&call, 6);
	end_caller(pid);
}
