// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * The side of a channel that calls. It runs in a handler, so it needs neither FS nor
 * the C library, and leaves vector registers alone.
 */
#include <errno.h>

#include "internal.h"
#include "no_vectors.h"
/* Its functions are inlined here. */
#include "channel.h"

/* Where threads begin to look, so that they do not get into each other's way. */
static uint32_t first_place(const struct sud_channel *channel, uint64_t sp)
{
	uint32_t mixed = (uint32_t)(sp >> 12) * 0x9e3779b1U;

	return ((uint64_t)mixed * channel->places) >> 32;
}

/* Return: NULL when the channel is closed. */
static struct sud_place *claim(const struct sud_channel *channel, uint64_t sp)
{
	struct sud_place *places = channel->memory->place, *place;
	uint32_t i = first_place(channel, sp), left, looks = 0;

	while (!sud_channel_is_closed(channel)) {
		for (left = channel->places; left; left--) {
			place = &places[i];
			if (sud_place_take(place, FREE, CLAIMED))
				return place;
			if (++i == channel->places)
				i = 0;
		}
		sud_channel_wait(channel, &looks);
	}
	return NULL;
}

/* Field by field: a memcpy() would be the C library's. */
static void write_call(struct sud_place *place, const struct sud_call *call,
		       pid_t tid)
{
	struct sud_regs *regs = &place->call.regs;

	place->uses++;
	place->call.tid = tid;
	place->call.nr = call->rax;
	regs->ax = call->rax;
	regs->bx = call->rbx;
	regs->cx = call->rip;
	regs->dx = call->rdx;
	regs->si = call->rsi;
	regs->di = call->rdi;
	regs->bp = call->rbp;
	regs->sp = call->rsp;
	regs->r8 = call->r8;
	regs->r9 = call->r9;
	regs->r10 = call->r10;
	regs->r11 = call->rflags;
	regs->r12 = call->r12;
	regs->r13 = call->r13;
	regs->r14 = call->r14;
	regs->r15 = call->r15;
	regs->ip = call->rip;
	regs->flags = call->rflags;
}

static void read_regs(struct sud_call *call, const struct sud_regs *regs)
{
	call->rax = regs->ax;
	call->rbx = regs->bx;
	call->rdx = regs->dx;
	call->rsi = regs->si;
	call->rdi = regs->di;
	call->rbp = regs->bp;
	call->rsp = regs->sp;
	call->r8 = regs->r8;
	call->r9 = regs->r9;
	call->r10 = regs->r10;
	call->r12 = regs->r12;
	call->r13 = regs->r13;
	call->r14 = regs->r14;
	call->r15 = regs->r15;
	call->rip = regs->ip;
	call->rflags = regs->flags;
}

static bool wait_for_answer(const struct sud_channel *channel,
			    const struct sud_place *place)
{
	uint32_t looks = 0;

	while (!sud_place_is(place, ANSWERED)) {
		/* What was answered before the channel was closed is answered. */
		if (sud_channel_is_closed(channel))
			return sud_place_is(place, ANSWERED);
		sud_channel_wait(channel, &looks);
	}
	return true;
}

long sud_channel_ask(const struct sud_channel *channel, struct sud_call *call,
		     pid_t tid)
{
	/*
	 * A signal handler may fork at each instruction, and the child map the channel
	 * again, while the call that it has interrupted still has this one.
	 */
	const struct sud_channel here = *channel;
	struct sud_place *place = claim(&here, call->rsp);
	uint32_t flags;
	long result;

	if (!place)
		return -ENOSYS;
	write_call(place, call, tid);
	sud_place_pass(place, ASKED);
	/* The place is left as it is: somebody may be about to answer. */
	if (!wait_for_answer(&here, place))
		return -ENOSYS;

	flags = place->answer.flags;
	result = place->answer.result;
	if (flags & SUD_ANSWER_REGS)
		read_regs(call, &place->answer.regs);
	/* Before the call runs: it may not come back. */
	sud_place_pass(place, FREE);

	if (flags & SUD_ANSWER_RUN)
		return sud_call_native(call);
	return flags & SUD_ANSWER_REGS ? (long)call->rax : result;
}

NO_VECTORS_END
