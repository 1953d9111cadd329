/* SPDX-License-Identifier: GPL-2.0-only */
/* What the system calls are called, what they take, and how that is written. */
#ifndef SUDCTL_TRACE_ARGS_H
#define SUDCTL_TRACE_ARGS_H

#include <stddef.h>

#include "layout.h"
#include "text.h"

/* Return: NULL when there is no such call. */
const char *call_name(unsigned int nr);
/* Return: -1 when there is none of that name. */
int call_number(const char *name);
/* Does it take, or give, a path, a descriptor ...: what -e trace=%CLASS asks. */
bool call_takes_path(unsigned int nr);

/* What of the call's memory is to be captured. */
void call_captures(unsigned int nr, struct call *call);

/* Return: NULL for a number that has no name. */
const char *error_name(int number);
int error_number(const char *name);
const char *signal_name(int number);
int signal_number(const char *name);

/* Appends "name(arguments", without what follows. */
void args_call(struct text *text, const struct record *record);
/* Appends the result: a number, an address, an error with its name. */
void args_result(struct text *text, const struct record *record);
/* Appends what si_code of that signal means. */
void args_code(struct text *text, int sig, int code);
/* One string as in C, in quotes. */
void args_string(struct text *text, const char *string, size_t size);

#endif /* SUDCTL_TRACE_ARGS_H */
