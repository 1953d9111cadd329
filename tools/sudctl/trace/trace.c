// SPDX-License-Identifier: GPL-2.0-only
/*
 * sudctl trace and sudctl inject: the handler (handler.S) is put into each program at exec,
 * and makes the calls in the program's own threads; sudctl reads what it has recorded. What
 * lies where is in layout.h, what stops a thread in events.c.
 */
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
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
	static const int signals[] = { SIGCHLD, SIGTERM, SIGHUP,
				       SIGINT,	SIGQUIT, SIGPIPE };
	sigset_t set;
	size_t i;

	sigemptyset(&set);
	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaddset(&set, signals[i]);
	sigprocmask(SIG_BLOCK, &set, &options.mask);
}

static int run(int argc, char **argv, bool inject)
{
	int status = options_read(argc, argv, inject);
	bool any = false;
	size_t i;

	if (status >= 0)
		return status;
	if (!boot_open())
		return 1;
	clock_start();
	block_signals();
	if (options.command) {
		if (!events_start(options.command, &status))
			return status;
		any = true;
	}
	for (i = 0; i < options.pid_count; i++)
		any |= events_attach(options.pids[i]);
	if (!any)
		return 1;
	status = events_loop();
	if (options.count)
		count_print();
	print_flush();
	if (status & 0x100)
		die_of(status & 0xff);
	return print_failed() && !status ? 1 : status & 0xff;
}

int trace_main(int argc, char **argv)
{
	return run(argc, argv, false);
}

int inject_main(int argc, char **argv)
{
	return run(argc, argv, true);
}
