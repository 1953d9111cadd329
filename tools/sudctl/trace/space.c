// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "memory.h"
#include "options.h"
#include "space.h"

#define ENTRY_SIZE 32 /* of each thread's own entry in handler.S */

_Static_assert(sizeof(pthread_mutex_t) <= sizeof(((struct header *)0)->mutex),
	       "the mutex fits");

struct space *spaces;

/* As long as sudctl holds it, it lives: see struct header. */
static void own(struct header *header)
{
	pthread_mutexattr_t attributes;
	pthread_mutex_t *mutex = (pthread_mutex_t *)header->mutex;

	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(mutex, &attributes);
	pthread_mutexattr_destroy(&attributes);
	pthread_mutex_lock(mutex);
}

static void fill(struct header *header)
{
	if (options.count)
		header->flags |= HEADER_COUNT;
	header->string_size = options.string_size;
	header->rule_count = options.rule_count;
	memcpy(header->rules, options.rules, sizeof(header->rules));
	memcpy(header->calls, options.calls, sizeof(header->calls));
}

/* With one reference. */
static void enlist(struct space *space, struct header *header, int file)
{
	space->header = header;
	space->file = file;
	space->references = 1;
	own(header);
	space->next = spaces;
	spaces = space;
}

struct space *space_new(int file)
{
	struct space *space = calloc(1, sizeof(*space));
	struct stat status;
	void *memory;

	if (!space)
		return NULL;
	if (ftruncate(file, SHARED_SIZE) || fstat(file, &status))
		goto fail;
	memory = mmap(NULL, SHARED_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
		      file, 0);
	if (memory == MAP_FAILED)
		goto fail;
	enlist(space, memory, file);
	space->inode = status.st_ino;
	fill(space->header);
	return space;
fail:
	free(space);
	return NULL;
}

struct space *space_copy(uint64_t base)
{
	struct space *space = calloc(1, sizeof(*space));
	void *memory = mmap(NULL, SHARED_SIZE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (!space || memory == MAP_FAILED)
		abort();
	enlist(space, memory, -1);
	space->base = base;
	return space;
}

struct space *space_get(struct space *space)
{
	space->references++;
	return space;
}

struct space *space_of(pid_t pid)
{
	struct mapping mapping;
	struct space *space;

	if (!memory_find(pid, SPACE_MAPPING, &mapping))
		return NULL;
	for (space = spaces; space; space = space->next)
		if (space->file >= 0 && space->inode == mapping.inode)
			return space_get(space);
	return space_copy(mapping.start - TEXT_SIZE);
}

void space_put(struct space *space)
{
	struct space **at = &spaces;

	if (!space || --space->references)
		return;
	while (*at != space)
		at = &(*at)->next;
	*at = space->next;
	pthread_mutex_unlock((pthread_mutex_t *)space->header->mutex);
	munmap(space->header, SHARED_SIZE);
	close(space->file);
	free(space);
}

static off_t offset(int slot)
{
	return HEADER_SIZE + (off_t)slot * SLOT_SIZE;
}

struct slot *space_slot(const struct space *space, int slot)
{
	return (struct slot *)((char *)space->header + offset(slot));
}

char *space_ring(const struct space *space, int slot)
{
	return (char *)space_slot(space, slot) + SLOT_SIZE - RING_SIZE;
}

int space_take_slot(struct space *space, struct tracee *owner)
{
	int slot = 0;

	while (slot < SLOTS && space->owners[slot])
		slot++;
	if (slot == SLOTS)
		return -1;
	space->owners[slot] = owner;
	if (slot >= space->slots_used)
		space->slots_used = slot + 1;
	return slot;
}

void space_give_slot(struct space *space, int slot)
{
	/* Zeroes again, and no memory; who has no hole punched writes them. */
	if (fallocate(space->file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
		      offset(slot), SLOT_SIZE))
		memset(space_slot(space, slot), 0, SLOT_SIZE);
	space->owners[slot] = NULL;
}

uint64_t space_entry(const struct space *space, int slot)
{
	return space->base + (uint64_t)slot * ENTRY_SIZE;
}

int space_slot_of(const struct space *space, uint64_t entry)
{
	uint64_t at = entry - space->base;

	return at % ENTRY_SIZE || at / ENTRY_SIZE >= SLOTS
		       ? -1
		       : (int)(at / ENTRY_SIZE);
}

void space_read(const struct space *space, int slot, uint64_t head)
{
	struct slot *s = space_slot(space, slot);

	__atomic_store_n(&s->tail, head, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&s->waits, __ATOMIC_SEQ_CST))
		syscall(SYS_futex, &s->tail, FUTEX_WAKE, INT_MAX, NULL, NULL,
			0);
}
