// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>
#include <string.h>
#include <x86intrin.h>

#include "capture.h"
#include "count.h"
#include "drain.h"
#include "memory.h"
#include "options.h"
#include "print.h"

/* What is there to read of one thread. */
struct source {
	struct tracee *tracee;
	char *ring;
	uint64_t tail, head, read;
	const struct record *next;
};

static struct source *sources;
static size_t source_count, source_room;

static void add_source(struct space *space, int number)
{
	struct slot *slot = space_slot(space, number);
	uint64_t head = __atomic_load_n(&slot->head, __ATOMIC_ACQUIRE);
	struct source *source;

	if (head == slot->tail)
		return;
	if (source_count == source_room) {
		source_room = source_room ? 2 * source_room : 64;
		sources = reallocarray(sources, source_room, sizeof(*sources));
		if (!sources)
			abort();
	}
	source = &sources[source_count++];
	source->tracee = space->owners[number];
	source->ring = space_ring(space, number);
	source->tail = slot->tail;
	source->read = slot->tail;
	source->head = head;
	source->next = NULL;
}

/* Return: the record at the tail, NULL at the end. */
static const struct record *peek(struct source *source)
{
	const struct record *record;

	while (!source->next && source->tail != source->head) {
		record = (struct record *)(source->ring +
					   source->tail % RING_SIZE);
		/* The program can write there: no step may lead out of the ring. */
		if (record->size < 8 || record->size % 8 ||
		    record->size > source->head - source->tail ||
		    record->size > RING_SIZE - source->tail % RING_SIZE ||
		    (record->kind != RECORD_PAD &&
		     (record->size < sizeof(*record) ||
		      record->size > RECORD_MAX || record->nr >= CALLS))) {
			source->tail = source->head;
			break;
		}
		if (record->kind == RECORD_PAD)
			source->tail += record->size;
		else
			source->next = record;
	}
	return source->next;
}

static void give_back(const struct source *source)
{
	space_read(source->tracee->space, source->tracee->slot, source->tail);
}

static void consume(struct source *source)
{
	print_record(source->tracee, source->next);
	source->tail += source->next->size;
	source->next = NULL;
	/* A thread that waits for room is to wait for this much only. */
	if (source->tail - source->read > RING_SIZE / 4) {
		give_back(source);
		source->read = source->tail;
	}
}

bool drain(void)
{
	uint64_t before = __rdtsc();
	struct space *space;
	bool any = false;
	size_t i;
	int number;

	if (options.count)
		return false;
	source_count = 0;
	for (space = spaces; space; space = space->next)
		for (number = 0; number < space->slots_used; number++)
			if (space->owners[number])
				add_source(space, number);
	for (;;) {
		struct source *first = NULL;
		/* One that ended later may come behind one not seen yet. */
		uint64_t until = source_count > 1 ? before : UINT64_MAX;

		for (i = 0; i < source_count; i++) {
			const struct record *record = peek(&sources[i]);

			if (!record || record->end > until)
				continue;
			if (!first || record->end < first->next->end)
				first = &sources[i];
		}
		if (!first)
			break;
		/* What the others have next comes behind all of this. */
		for (i = 0; i < source_count; i++)
			if (&sources[i] != first && sources[i].next &&
			    sources[i].next->end < until)
				until = sources[i].next->end;
		do {
			consume(first);
			any = true;
		} while (peek(first) && first->next->end <= until);
	}
	for (i = 0; i < source_count; i++)
		give_back(&sources[i]);
	return any;
}

/* A record as the handler would have written it, from the thread's memory. */
static void capture(struct tracee *tracee, struct record *record)
{
	struct captured *piece = (struct captured *)(record + 1);
	size_t i;

	for (i = 0; i < CAPTURES; i++) {
		const struct capture *what =
			&options.calls[record->nr].captures[i];
		char *to = (char *)(piece + 1), *end;
		struct extent extent;
		size_t got;

		if (!capture_extent(what, record->args, record->result,
				    options.string_size, &extent))
			continue;
		got = memory_read(tracee->tid, record->args[what->arg], to,
				  extent.limit);
		end = extent.text ? memchr(to, 0, got) : NULL;
		if (end)
			got = end + 1 - to;
		piece = capture_note(piece, what, &extent, got);
		record->pieces++;
	}
	record->size = (char *)piece - (char *)record;
}

void drain_unfinished(struct tracee *tracee, const int64_t *result)
{
	static union {
		struct record record;
		char room[RECORD_MAX];
	} made;
	struct record *record = &made.record;
	struct slot *slot;

	if (tracee->slot < 0)
		return;
	slot = space_slot(tracee->space, tracee->slot);
	if (slot->active != ACTIVE_CALL || slot->head != slot->head_before ||
	    slot->nr >= CALLS)
		return;
	slot->active = ACTIVE_NOT;
	memset(record, 0, sizeof(*record));
	record->kind = RECORD_CALL;
	record->nr = slot->nr;
	memcpy(record->args, slot->args, sizeof(record->args));
	record->start = slot->start;
	record->end = __rdtsc();
	record->result = result ? *result : 0;
	if (options.count) {
		if (result)
			count_one(record);
		return;
	}
	capture(tracee, record);
	if (result)
		print_record(tracee, record);
	else
		print_unfinished(tracee, record);
}
