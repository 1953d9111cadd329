// SPDX-License-Identifier: GPL-2.0-only
/*
 * sudctl trace and sudctl inject: the handler (handler.S) is put into each program at exec,
 * and makes the calls in the program's own threads; sudctl reads what it has recorded. What
 * lies where is in layout.h, what stops a thread in events.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "boot.h"
#include "clock.h"
#include "count.h"
#include "events.h"
#include "options.h"
#include "print.h"
#include "sudctl/sudctl.h"

/* As strace, for who looks at how this ended. */
static void die_of(int sig)
{
	struct rlimit none = { 0, 0 };
	sigset_t set;

	setrlimit(RLIMIT_CORE, &none);
	signal(sig, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, sig);
	raise(sig);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

/* They wait until sudctl asks for them, or for the program that they are for, too. */
static void block_signals(void)
{
	static const int signals[] = { SIGCHLD, SIGTERM, SIGHUP, SIGINT,
				       SIGQUIT, SIGPIPE, 0 };
	sigset_t set;
	size_t i;

	sigemptyset(&set);
	for (i = 0; signals[i]; i++)
		sigaddset(&set, signals[i]);
	sigprocmask(SIG_BLOCK, &set, &options.mask);
}

/* Return: as events_loop() */
static int trace(void)
{
	int status;
	bool any = false;
	size_t i;

	clock_start();
	if (options.command && !events_start(options.command, &status))
		return status;
	any = options.command;
	for (i = 0; i < options.pid_count; i++)
		any |= events_attach(options.pids[i]);
	if (!any)
		return 1;
	status = events_loop();
	if (options.count)
		count_print();
	print_flush();
	return print_failed() && !status ? 1 : status;
}

/* What this process is told to do, the tracer does. */
static void wait_for(pid_t tracer)
{
	sigset_t set;
	int sig;

	events_signals(&set);
	while (waitpid(tracer, NULL, WNOHANG) != tracer)
		if (!sigwait(&set, &sig) && sig != SIGCHLD)
			kill(tracer, sig);
}

/*
 * The tracer is a child: should it be killed, there is somebody left to let its threads go;
 * and should this process be killed, the tracer gets a signal and does so itself.
 */
static int run(int argc, char **argv, bool inject)
{
	int status = options_read(argc, argv, inject), said[2];
	pid_t tracer;

	if (status >= 0)
		return status;
	if (!boot_open())
		return 1;
	block_signals();
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	if (pipe2(said, O_CLOEXEC)) {
		sudctl_error("pipe: %s", strerror(errno));
		return 1;
	}
	tracer = fork();
	if (tracer < 0) {
		sudctl_error("fork: %s", strerror(errno));
		return 1;
	}
	if (!tracer) {
		close(said[0]);
		prctl(PR_SET_CHILD_SUBREAPER, 0);
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		status = trace();
		if (write(said[1], &status, sizeof(status)) != sizeof(status))
			return 1;
		_exit(0);
	}
	close(said[1]);
	wait_for(tracer);
	if (read(said[0], &status, sizeof(status)) != sizeof(status)) {
		sudctl_error(
			"the tracer was killed; what it traced goes on without it");
		events_rescue();
		return 1;
	}
	if (status & 0x100)
		die_of(status & 0xff);
	return status & 0xff;
}

int trace_main(int argc, char **argv)
{
	return run(argc, argv, false);
}

int inject_main(int argc, char **argv)
{
	return run(argc, argv, true);
}
