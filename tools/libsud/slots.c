// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Slots in a control area, so that no blocked call touches user memory. One area
 * for the process, mapped when the first thread asks for a slot and kept from then
 * on. A slot is a cache line of its own: threads write to theirs at every call.
 *
 * After fork the child's area is another one at the same address, all ALLOW, and
 * its table of slots is a copy: those of its parent's other threads are free there.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>

#include <sud.h>

#include "lock.h"
#include "slots.h"

#define AREA_SIZE (64 << 10)
#define SLOT_SIZE 64
#define SLOTS (AREA_SIZE / SLOT_SIZE)

static unsigned char *area;
static bool taken[SLOTS];
static pid_t owner;

/* Held for a few instructions. */
static int locked_by;

/* For tests, and for who suspects the area: LIBSUD_NO_AREA=1. */
static bool wanted(int fd)
{
	struct sud_info info;

	return !getenv("LIBSUD_NO_AREA") && !sud_info(fd, &info) &&
	       info.flags & SUD_FLAG_MAPPED;
}

static unsigned char *map_area(int fd)
{
	void *new;

	if (!wanted(fd))
		return NULL;
	new = mmap(NULL, AREA_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	return new == MAP_FAILED ? NULL : new;
}

volatile unsigned char *sud_slots_get(int fd)
{
	volatile unsigned char *byte = NULL;
	pid_t pid = getpid();

	sud_lock(&locked_by, pid);
	if (owner != pid) {
		for (int i = 0; i < SLOTS; i++)
			taken[i] = false;
		owner = pid;
	}
	if (!area)
		area = map_area(fd);
	for (int i = 0; area && i < SLOTS && !byte; i++) {
		if (taken[i])
			continue;
		taken[i] = true;
		byte = area + (size_t)i * SLOT_SIZE;
		*byte = SUD_SELECTOR_ALLOW;
	}
	sud_unlock(&locked_by);
	return byte;
}

void sud_slots_put(volatile unsigned char *byte)
{
	size_t i = (byte - area) / SLOT_SIZE;
	pid_t pid = getpid();

	sud_lock(&locked_by, pid);
	if (owner == pid)
		taken[i] = false;
	sud_unlock(&locked_by);
}
