/* SPDX-License-Identifier: GPL-2.0-only */
/* What the command line of trace and inject asks for. */
#ifndef SUDCTL_TRACE_OPTIONS_H
#define SUDCTL_TRACE_OPTIONS_H

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

#include "layout.h"

struct options {
	FILE *output;
	bool follow; /* -f */
	bool count; /* -c */
	bool spent; /* -T */
	int time_of_day; /* how many -t */
	bool quiet; /* -q */
	bool no_signals; /* -e signal=none */
	bool to_file; /* -o */
	bool inject; /* the command is sudctl inject */
	unsigned int string_size;
	pid_t *pids; /* -p */
	size_t pid_count;
	char **command;
	sigset_t mask; /* of signals, as sudctl was started with */

	struct call calls[CALLS];
	bool any_shown;
	struct rule rules[RULES];
	uint32_t rule_count;
};

extern struct options options;

/* Return: -1, or the exit status that the command is to end with. */
int options_read(int argc, char **argv, bool inject);

#endif /* SUDCTL_TRACE_OPTIONS_H */
