/* SPDX-License-Identifier: GPL-2.0-only */
/* Another process's memory. */
#ifndef SUDCTL_TRACE_MEMORY_H
#define SUDCTL_TRACE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Return: how many bytes could be read, from the first on. */
size_t memory_read(pid_t pid, uint64_t from, void *to, size_t size);

/* Writes what the program itself may only read, too. The caller traces it. */
bool memory_write(pid_t pid, uint64_t to, const void *from, size_t size);

/* A mapping, as a line of /proc/PID/maps has it. */
struct mapping {
	uint64_t start, end;
	ino_t inode;
};

/*
 * @name: as it ends the line
 * Return: the first one of that name is in @mapping.
 */
bool memory_find(pid_t pid, const char *name, struct mapping *mapping);

/* A number from a line "name:\t..." of /proc/PID/status, -1 without such a line. */
long memory_status(pid_t pid, const char *name, int base);

#endif /* SUDCTL_TRACE_MEMORY_H */
