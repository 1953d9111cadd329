/* SPDX-License-Identifier: GPL-2.0-only */
/* What ptrace tells: threads begin, call exec, get signals, end. */
#ifndef SUDCTL_TRACE_EVENTS_H
#define SUDCTL_TRACE_EVENTS_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

/* The signals that are waited for: of children, and those that say to end. */
void events_signals(sigset_t *set);

/* Starts a command. Return: false, with a message and *status, when it cannot be executed. */
bool events_start(char **command, int *status);

/* All threads of a running process. Return: false, with a message, when it cannot be. */
bool events_attach(pid_t process);

/*
 * Until the last traced thread has ended, or a signal says that this is enough.
 * Return: the status that sudctl is to end with: the command's, or 0x100 and the signal
 * that ended it.
 */
int events_loop(void);

/*
 * The tracer has been killed: lets its threads go, as it would have done itself.
 * Return: there were some.
 */
bool events_rescue(void);

#endif /* SUDCTL_TRACE_EVENTS_H */
