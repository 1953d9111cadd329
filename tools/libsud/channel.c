// SPDX-License-Identifier: GPL-2.0-only OR MIT
/* Channels: their memory, and the side that answers. */
#include <errno.h>
#include <linux/audit.h>
#include <sys/mman.h>
#include <unistd.h>

#include "channel.h"

/* What user code of 64 bits has in CS. */
#define USER_CS 0x33

static size_t size_of(uint32_t places)
{
	size_t page = sysconf(_SC_PAGESIZE);
	size_t size = sizeof(struct sud_channel_memory) +
		      places * sizeof(struct sud_place);

	return (size + page - 1) / page * page;
}

_Static_assert(sizeof(struct sud_channel_memory) +
			       SUD_CHANNEL_PLACES_MAX *
				       sizeof(struct sud_place) <=
		       SUD_AREA_MAX,
	       "a control area has room for all places");

int sud_channel_map(struct sud_channel *channel, int fd, uint32_t places,
		    uint32_t spins)
{
	struct sud_channel_memory *memory;
	uint32_t there = 0;

	if (!places || places > SUD_CHANNEL_PLACES_MAX) {
		errno = EINVAL;
		return -1;
	}
	memory = mmap(NULL, size_of(places), PROT_READ | PROT_WRITE, MAP_SHARED,
		      fd, 0);
	if (memory == MAP_FAILED)
		return -1;
	/* The first one says how many. */
	if (!__atomic_compare_exchange_n(&memory->places, &there, places, false,
					 __ATOMIC_RELAXED, __ATOMIC_RELAXED) &&
	    there != places) {
		munmap(memory, size_of(places));
		errno = EINVAL;
		return -1;
	}
	*channel = (struct sud_channel){
		.memory = memory,
		.places = places,
		.spins = spins,
	};
	return 0;
}

int sud_channel_unmap(struct sud_channel *channel)
{
	return munmap(channel->memory, size_of(channel->places));
}

/* Never 0. */
static uint64_t id_of(uint32_t index, uint32_t uses)
{
	return (uint64_t)uses << 32 | (index + 1);
}

static void give(struct sud_place *place, const struct sud_answer *answer)
{
	const uint32_t known = SUD_ANSWER_RUN | SUD_ANSWER_REGS;

	place->answer = *answer;
	if (answer->flags & ~known) {
		place->answer.flags = 0;
		place->answer.result = -EINVAL;
	}
	sud_place_pass(place, ANSWERED);
}

int sud_channel_answer(const struct sud_channel *channel,
		       const struct sud_answer *answer)
{
	uint32_t index = (uint32_t)answer->id - 1;
	struct sud_place *place;

	/* Of what is in the memory nothing is believed that could lead out of it. */
	if (index < channel->places && !sud_channel_is_closed(channel)) {
		place = &channel->memory->place[index];
		/* In this order: the place may just be passing to a later call. */
		if (sud_place_is(place, TAKEN) &&
		    place->uses == answer->id >> 32) {
			give(place, answer);
			return 0;
		}
	}
	errno = ENOENT;
	return -1;
}

static void handle(struct sud_place *place, uint32_t index,
		   sud_listener_handler handler, void *arg)
{
	/* A copy: the program could change the memory while the handler looks. */
	struct sud_notification call = place->call;
	struct sud_answer answer;

	call.id = id_of(index, place->uses);
	call.pid = 0;
	call.arch = AUDIT_ARCH_X86_64;
	call.cs = USER_CS;
	call.reserved = 0;
	call.selector = 0;
	answer = (struct sud_answer){
		.id = call.id,
		.result = -ENOSYS,
		.regs = call.regs,
	};
	handler(arg, &call, &answer);
	/* The handler clears the id of a call that is answered later. */
	if (answer.id)
		give(place, &answer);
}

int sud_channel_serve(const struct sud_channel *channel,
		      sud_listener_handler handler, void *arg)
{
	struct sud_place *place = channel->memory->place;
	int calls = 0;

	for (uint32_t i = 0; i < channel->places; i++, place++) {
		if (!sud_place_take(place, ASKED, TAKEN))
			continue;
		handle(place, i, handler, arg);
		calls++;
	}
	return calls;
}

void sud_channel_run(const struct sud_channel *channel,
		     sud_listener_handler handler, void *arg)
{
	uint32_t looks = 0;

	while (!sud_channel_is_closed(channel)) {
		if (sud_channel_serve(channel, handler, arg))
			looks = 0;
		else
			sud_channel_wait(channel, &looks);
	}
}

void sud_channel_close(const struct sud_channel *channel)
{
	__atomic_store_n(&channel->memory->closed, 1, __ATOMIC_RELEASE);
}
