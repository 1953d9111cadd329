/* SPDX-License-Identifier: GPL-2.0-only */
/* The command that sudctl starts, up to its exec. */
#ifndef SUDCTL_TRACE_COMMAND_H
#define SUDCTL_TRACE_COMMAND_H

#include <sys/types.h>

/*
 * A child that is traced, and about to call exec. Return: its number; or -1, with a message
 * and the *status that sudctl is to end with. *failed is for command_failed().
 */
pid_t command_start(char **argv, long trace_options, int *failed, int *status);

/* It has ended without exec: says why. */
void command_failed(const char *name, int failed);

#endif /* SUDCTL_TRACE_COMMAND_H */
