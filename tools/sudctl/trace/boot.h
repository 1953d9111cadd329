/* SPDX-License-Identifier: GPL-2.0-only */
/* Puts the handler into a program, and arms its threads. */
#ifndef SUDCTL_TRACE_BOOT_H
#define SUDCTL_TRACE_BOOT_H

#include <stdbool.h>

#include "tracee.h"

/* Opens /dev/sud. Return: false, with a message, when that or what it serves will not do. */
bool boot_open(void);

/*
 * A stopped thread whose image has no space: sets it on its way through boot.S. The caller
 * resumes it by PTRACE_SYSCALL, and hands each stop on to boot_stop().
 * Return: NULL, or why not.
 */
const char *boot_start(struct tracee *tracee);

enum boot_step {
	BOOT_GOES_ON,
	BOOT_DONE, /* it has a space, with the thread's slot, and is armed; or has none any more */
	BOOT_FAILED,
};

/* After a stop at a system call. @why: of BOOT_FAILED. */
enum boot_step boot_stop(struct tracee *tracee, const char **why);

/*
 * The last thread of a program that sudctl leaves: sets it on its way to unmap the space.
 * The caller goes on as after boot_start(), up to BOOT_DONE or BOOT_FAILED.
 */
const char *boot_leave(struct tracee *tracee);

/* Gives a stopped thread a slot in a space that its image has. Return: NULL, or why not. */
const char *boot_arm(struct tracee *tracee, struct space *space);
/* Its calls are its own again. */
void boot_disarm(struct tracee *tracee);

/* The slot of that space that a stopped thread is armed with, or -1. */
int boot_slot(pid_t tid, const struct space *space);

#endif /* SUDCTL_TRACE_BOOT_H */
