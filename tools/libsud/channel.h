/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * A channel's memory: who may touch what, by a place's state. Only who has changed the
 * state to what it is goes on to change it, and nobody writes to what is another's.
 *
 *	FREE		nobody; a thread that calls makes it CLAIMED
 *	CLAIMED		that thread writes its call, and makes it ASKED
 *	ASKED		a supervisor's thread makes it TAKEN
 *	TAKEN		the supervisor writes the answer, and makes it ANSWERED
 *	ANSWERED	the thread that called reads the answer, and makes it FREE
 *
 * Once the channel is closed, nobody claims a place, so that all may stay as they are.
 */
#ifndef SUD_CHANNEL_H
#define SUD_CHANNEL_H

#include "internal.h"

enum { FREE, CLAIMED, ASKED, TAKEN, ANSWERED };

/**
 * struct sud_place - one call that is under way
 * @state: whose it is
 * @uses: how many calls it has had, so that no answer reaches a later one
 * @call: the call; its id is 0
 * @answer: the answer
 */
struct sud_place {
	_Alignas(64) uint32_t state;
	uint32_t uses;
	struct sud_notification call;
	struct sud_answer answer;
};

/**
 * struct sud_channel_memory - what a channel's processes share
 * @places: how many there are; 0 in the area of a forked child
 * @closed: no call is answered any more
 * @place: they
 */
struct sud_channel_memory {
	uint32_t places;
	uint32_t closed;
	struct sud_place place[];
};

/* So it is for a forked child, whose memory there is not the supervisor's. */
static inline bool sud_channel_is_closed(const struct sud_channel *channel)
{
	const struct sud_channel_memory *memory = channel->memory;

	return !__atomic_load_n(&memory->places, __ATOMIC_RELAXED) ||
	       __atomic_load_n(&memory->closed, __ATOMIC_ACQUIRE);
}

/* Whoever sees the state sees what was written before. */
static inline void sud_place_pass(struct sud_place *place, uint32_t state)
{
	__atomic_store_n(&place->state, state, __ATOMIC_RELEASE);
}

static inline bool sud_place_is(const struct sud_place *place, uint32_t state)
{
	return __atomic_load_n(&place->state, __ATOMIC_ACQUIRE) == state;
}

/* Looks before it tries, so that a place of another's stays in all caches. */
static inline bool sud_place_take(struct sud_place *place, uint32_t from,
				  uint32_t to)
{
	return sud_place_is(place, from) &&
	       __atomic_compare_exchange_n(&place->state, &from, to, false,
					   __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

/* Between two looks. @looks: how many were in vain, counted here; 0 before the first. */
static inline void sud_channel_wait(const struct sud_channel *channel,
				    uint32_t *looks)
{
	if (*looks < channel->spins) {
		++*looks;
		__builtin_ia32_pause();
	} else {
		sud_raw_call(SYS_sched_yield, 0, 0, 0, 0, 0, 0);
	}
}

#endif /* SUD_CHANNEL_H */
