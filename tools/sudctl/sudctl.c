// SPDX-License-Identifier: GPL-2.0-only
/*
 * sudctl: what is armed, and why not. The way in, and the table of commands.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "sudctl.h"

static const struct command commands[] = {
	{ "status", "the module, its counters, and the armed threads",
	  status_main },
	{ "doctor", "does it work here, and if not, why", doctor_main },
	{ "trace", "prints the system calls of a program, as strace does",
	  trace_main },
	{ "inject", "makes system calls of a program fail, or slow",
	  inject_main },
};

static void error(const char *format, va_list args)
{
	fputs("sudctl: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
}

void sudctl_error(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	error(format, args);
	va_end(args);
}

int sudctl_usage(const char *command, const char *format, ...)
{
	char line[256];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	sudctl_error("%s; see sudctl help%s%s", line, command ? " " : "",
		     command ? command : "");
	return SUDCTL_USAGE;
}

static const struct command *find(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(commands); i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}

static int no_such(const char *name)
{
	return sudctl_usage(NULL, "there is no command \"%s\"", name);
}

static int print_help(void)
{
	size_t i;

	puts("usage: sudctl COMMAND [OPTION]...\n"
	     "       sudctl help COMMAND\n"
	     "       sudctl --help | --version\n"
	     "\n"
	     "Syscall User Dispatch through /dev/sud.\n"
	     "\n"
	     "Commands:");
	for (i = 0; i < ARRAY_SIZE(commands); i++)
		printf("  %-10s %s\n", commands[i].name, commands[i].summary);
	puts("\n"
	     "Exit status: 2 for wrong usage, else as the command's help says.");
	return 0;
}

static int help_on(const char *name)
{
	const struct command *command = find(name);
	char option[] = "--help";
	char *argv[3] = { (char *)name, option, NULL };

	return command ? command->run(2, argv) : no_such(name);
}

/* A full disk or a closed pipe is no success. */
static int finish(int status)
{
	if (!fflush(stdout) && !ferror(stdout))
		return status;
	sudctl_error("cannot write the output: %s", strerror(errno));
	return status ?: 1;
}

int main(int argc, char **argv)
{
	const struct command *command;
	const char *name = argc > 1 ? argv[1] : NULL;

	if (!name)
		return sudctl_usage(NULL, "a command is missing");
	if (!strcmp(name, "--version")) {
		puts("sudctl " SUDCTL_VERSION);
		return 0;
	}
	if (!strcmp(name, "--help") || !strcmp(name, "-h"))
		return print_help();
	if (!strcmp(name, "help"))
		return argc > 2 ? help_on(argv[2]) : print_help();
	if (name[0] == '-')
		return sudctl_usage(NULL, "there is no option \"%s\"", name);

	command = find(name);
	return command ? finish(command->run(argc - 1, argv + 1))
		       : no_such(name);
}
