// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls by a channel of libsud's to a supervisor in another process, which answers every
 * one with 0. Where both have one CPU, each lets the other have it when there is nothing
 * to do.
 */
#include <libsud.h>

#include <sud.h>

#include "bench.h"

#define PLACES 16
/* Longer than an answer takes on another CPU. */
#define SPINS 10000

extern char site_a[], site_a_end[];

static struct sud_channel channel;

static long ask(struct sud_call *call)
{
	return sud_channel_ask(&channel, call, 0);
}

static void answer(void *arg, const struct sud_notification *call,
		   struct sud_answer *answer)
{
	(void)arg;
	(void)call;
	answer->result = 0;
}

static void map_channel(int fd)
{
	uint32_t spins = bench_supervisor_cpu == bench_cpu ? 0 : SPINS;

	need(sud_channel_map(&channel, fd, PLACES, spins), "sud_channel_map");
}

static void answer_by_channel(int fd)
{
	map_channel(fd);
	sud_channel_run(&channel, answer, NULL);
}

void prepare_channel(void)
{
	struct sud_options options = {
		.mode = SUD_MODE_INCLUSIVE,
		.flags = SUD_UPCALL_NO_VECTORS | SUD_UPCALL_NO_SELECTOR |
			 SUD_UPCALL_INHERIT,
		.offset = (uintptr_t)site_a,
		.len = site_a_end - site_a,
	};
	int fd = sud_open();

	need(fd, SUD_DEVICE);
	start_supervisor(answer_by_channel);
	map_channel(fd);
	need(sud_upcall_install(ask, &options), "sud_upcall_install");
	shared->supervisor_fd = fd;
}
