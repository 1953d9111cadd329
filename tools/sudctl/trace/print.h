/* SPDX-License-Identifier: GPL-2.0-only */
/* Writes lines as strace does. */
#ifndef SUDCTL_TRACE_PRINT_H
#define SUDCTL_TRACE_PRINT_H

#include <signal.h>
#include <stdbool.h>

#include "tracee.h"

/* A call that has returned; or a RECORD_EXEC, which is kept until exec has. */
void print_record(struct tracee *tracee, const struct record *record);
/* One that has not, and will not. */
void print_unfinished(struct tracee *tracee, const struct record *record);
/* The exec of the command: what print_exec() then prints. */
void print_command(struct tracee *tracee, const char *file, char **argv);
/* The thread's exec has succeeded. */
void print_exec(struct tracee *tracee);
void print_signal(const struct tracee *tracee, const siginfo_t *info);
/* It has been stopped by that signal, with its process. */
void print_stop(const struct tracee *tracee, int sig);
/* @status: as of waitpid() */
void print_end(const struct tracee *tracee, int status);

void print_flush(void);
/* The output cannot be written any more; a message has said so. */
bool print_failed(void);

#endif /* SUDCTL_TRACE_PRINT_H */
