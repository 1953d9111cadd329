/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The memory that sudctl shares with traced programs (layout.h), as sudctl has it.
 *
 * One thread of sudctl's does everything, so there are no locks. A space lives as long as a
 * tracee refers to it, by a slot or as what its image has mapped.
 */
#ifndef SUDCTL_TRACE_SPACE_H
#define SUDCTL_TRACE_SPACE_H

#include <stdbool.h>
#include <sys/types.h>

#include "layout.h"

struct tracee;

/* The end of its line in /proc/PID/maps: boot.S gives the file that name. */
#define SPACE_MAPPING "/memfd:sudctl (deleted)"

struct space {
	struct space *next;
	int references;
	int file; /* -1: it is a copy */
	ino_t inode;
	uint64_t base; /* in the traced program; 0 until it is there */
	struct header *header;
	struct tracee *owners[SLOTS]; /* of the slots in use */
	int slots_used; /* none from here on has been */
};

/* All of them. */
extern struct space *spaces;

/*
 * @file: a memfd, which the space takes over
 * Return: with one reference, or NULL with errno.
 */
struct space *space_new(int file);
/* One that another tracer has made, without what is in it. */
struct space *space_copy(uint64_t base);
/* Return: with a reference, what it has mapped; a copy if sudctl has it no more. */
struct space *space_of(pid_t pid);
struct space *space_get(struct space *space);
void space_put(struct space *space);

/* Return: the number of a slot of zeroes, or -1 when all are taken. */
int space_take_slot(struct space *space, struct tracee *owner);
void space_give_slot(struct space *space, int slot);

struct slot *space_slot(const struct space *space, int slot);
char *space_ring(const struct space *space, int slot);

/* Where the calls of the slot's thread go to, in the traced program. */
uint64_t space_entry(const struct space *space, int slot);

/* The slot with that entry, or -1. */
int space_slot_of(const struct space *space, uint64_t entry);

/* All that was written up to @head has been read. */
void space_read(const struct space *space, int slot, uint64_t head);

#endif /* SUDCTL_TRACE_SPACE_H */
