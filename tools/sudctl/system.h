/* SPDX-License-Identifier: GPL-2.0-only */
/* What this machine says: small files, and what other programs print. */
#ifndef SUDCTL_SYSTEM_H
#define SUDCTL_SYSTEM_H

#include <stdbool.h>
#include <stddef.h>

#define SYSTEM_MODULE "/sys/module/sud"
#define SYSTEM_PARAMETERS SYSTEM_MODULE "/parameters/"
#define SYSTEM_SYSCTL "/proc/sys/kernel/syscall_user_dispatch"

bool system_exists(const char *path);

/* The first line, without its end. Return: false when it cannot be read. */
bool system_line(const char *path, char *line, size_t size);

/* Runs a program, by PATH, without a shell, and takes the first line that it prints
 * to stdout. Return: its exit status; -1 when it cannot be run.
 */
int system_ask(const char *const *argv, char *line, size_t size);

/* The text on one line, with what a terminal might obey replaced. */
void system_tame(char *text);

/* Why /dev/sud cannot be opened: @err is the errno. For people. */
const char *system_absent(int err);

/* The administrator's switch. Return: what forbids arming, or NULL. */
const char *system_forbids(void);

/* Return: what has the module built for this kernel. */
const char *system_install(void);

#endif /* SUDCTL_SYSTEM_H */
