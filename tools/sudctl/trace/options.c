// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "filter.h"
#include "options.h"
#include "sudctl/sudctl.h"

#define BUFFER 65536

struct options options;

static const char trace_help[] =
	"usage: sudctl trace [OPTION]... [--] COMMAND [ARG]...\n"
	"       sudctl trace [OPTION]... -p PID\n"
	"\n"
	"Prints the system calls that a program makes, as strace does, without stopping it at\n"
	"each. Options are strace's:\n"
	"  -f        follow threads and children\n"
	"  -o FILE   write to FILE, not to standard error\n"
	"  -e LIST   only these calls: names, %file, %process, %network, %memory, %signal,\n"
	"            all, none, or with ! before the list, all others\n"
	"  -e inject=CALL:error=E:when=N   see sudctl help inject\n"
	"  -e signal=none                  no lines for signals\n"
	"  -c        count calls, errors and time, and print a table at the end\n"
	"  -p PID    a running process, until it ends or sudctl is interrupted; may be repeated\n"
	"  -s SIZE   how much of a string is shown (32)\n"
	"  -t        the time of day before each line; -tt with microseconds, -ttt as a number\n"
	"  -T        the time spent in each call\n"
	"  -q        no lines for signals and ends\n"
	"\n"
	"Exit status: the command's. A signal that ends it ends sudctl, too. 126: it cannot be\n"
	"executed. 127: it is not there. 1: tracing is not possible. 2: wrong usage.\n";

static const char inject_help[] =
	"usage: sudctl inject -e CALL[,CALL]:WHAT[:WHAT]... [OPTION]... [--] COMMAND [ARG]...\n"
	"\n"
	"Makes calls of a program fail, or slow. WHAT, as for strace:\n"
	"  error=E           the call is not made, and returns this error: ENOSPC, or a number\n"
	"  retval=N          the call is not made, and returns N\n"
	"  signal=SIG        the thread gets this signal as the call returns\n"
	"  delay_enter=TIME  before the call, in microseconds or with a unit: 10ms\n"
	"  delay_exit=TIME   after it\n"
	"  when=N            the Nth such call of a thread; N+ from the Nth on, N+S every Sth,\n"
	"                    N..M up to the Mth; all of them without\n"
	"\n"
	"The calls that a rule names are shown. Options and exit status: sudctl help trace.\n";

static int unusable(const char *format, const char *what)
{
	return sudctl_usage(options.inject ? "inject" : "trace", format, what);
}

static bool set_output(const char *file)
{
	int fd = file ? open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
			     0666)
		      : fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 100);

	/* Few descriptors may be allowed. */
	if (fd < 0 && !file)
		fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	options.output = fd < 0 ? NULL : fdopen(fd, "w");
	if (!options.output) {
		sudctl_error("%s: %s", file ? file : "standard error",
			     strerror(errno));
		return false;
	}
	setvbuf(options.output, NULL, _IOFBF, BUFFER);
	options.to_file = file;
	return true;
}

static bool add_pid(const char *text)
{
	char *end;
	long pid = strtol(text, &end, 10);

	if (end == text || *end || pid <= 0)
		return false;
	options.pids = reallocarray(options.pids, options.pid_count + 1,
				    sizeof(*options.pids));
	if (!options.pids)
		abort();
	options.pids[options.pid_count++] = pid;
	return true;
}

int options_read(int argc, char **argv, bool inject)
{
	const char *file = NULL;
	char *end;
	int c;

	options.inject = inject;
	options.string_size = 32;
	filter_start(!inject);
	if (argc > 1 && !strcmp(argv[1], "--help")) {
		fputs(inject ? inject_help : trace_help, stdout);
		return 0;
	}
	opterr = 0;
	while ((c = getopt(argc, argv, "+:ce:fho:p:qs:tT")) != -1) {
		char option[] = { '-', c == '?' || c == ':' ? optopt : c, 0 };

		switch (c) {
		case 'c':
			options.count = true;
			break;
		case 'e':
			if (inject ? !filter_inject(optarg)
				   : !filter_add(optarg))
				return SUDCTL_USAGE;
			break;
		case 'f':
			options.follow = true;
			break;
		case 'h':
			fputs(inject ? inject_help : trace_help, stdout);
			return 0;
		case 'o':
			file = optarg;
			break;
		case 'p':
			if (!add_pid(optarg))
				return unusable("\"%s\" is no process", optarg);
			break;
		case 'q':
			options.quiet = true;
			break;
		case 's':
			options.string_size = strtoul(optarg, &end, 10);
			if (end == optarg || *end)
				return unusable("\"%s\" is no size", optarg);
			if (options.string_size > PIECE_MAX - 1)
				options.string_size = PIECE_MAX - 1;
			break;
		case 't':
			options.time_of_day++;
			break;
		case 'T':
			options.spent = true;
			break;
		case ':':
			return unusable("%s needs a value", option);
		default:
			return unusable("there is no option \"%s\"", option);
		}
	}
	if (optind < argc)
		options.command = argv + optind;
	if (!options.command && !options.pid_count)
		return unusable("%s is missing", "a command");
	if (options.command && options.pid_count)
		return unusable("%s, or -p, and not both", "a command");
	if (inject && !options.rule_count)
		return unusable("%s is missing", "-e");
	return set_output(file) ? -1 : 1;
}
