// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ways by a region set. The ranges are 64 bytes of every page of a stretch
 * of memory. Calls come from one of them, or in turn from 16 that lie far apart:
 * then it does not help to remember where the last call came from.
 */
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <sud.h>

#include "bench.h"

#define PAGE 4096
#define RANGE 64

extern char site_a[], site_a_end[];
void bench_entry_regs(void);

/* The call that ends the process may come with the selector at BLOCK. */
static void on_sigsys(int sig)
{
	(void)sig;
	selector = SUD_SELECTOR_ALLOW;
}

/* So many ranges in the set of @fd: where the first of them is. */
static char *fill(int fd, unsigned long count)
{
	struct sud_range *ranges = calloc(count, sizeof(*ranges));
	char *memory = mmap(NULL, count * PAGE,
			    PROT_READ | PROT_WRITE | PROT_EXEC,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	need(ranges && memory != MAP_FAILED ? 0 : -1, "memory");
	for (unsigned long i = 0; i < count; i++)
		ranges[i] = (struct sud_range){ (uintptr_t)memory + i * PAGE,
						RANGE };
	need(sud_regions_add(fd, ranges, count), "SUD_IOC_REGIONS_ADD");
	free(ranges);
	return memory;
}

static void arm(int fd, unsigned int mode)
{
	struct sud_config config = {
		.size = sizeof(config),
		.mode = mode,
		.selector = (uintptr_t)&selector,
		.flags = SUD_FLAG_REGIONS,
	};

	if (mode == SUD_MODE_INCLUSIVE) {
		config.selector = 0;
		config.delivery = SUD_DELIVER_UPCALL;
		config.upcall_entry = (uintptr_t)bench_entry_regs;
	}
	signal(SIGSYS, on_sigsys);
	need(sud_set(fd, &config), "SUD_IOC_SET");
}

/* The calls come from so many of the ranges, at most 16. */
static void prepare(unsigned long count, unsigned int places, unsigned int mode)
{
	int fd = sud_open();
	char *memory;

	need(fd, SUD_DEVICE);
	memory = fill(fd, count);
	for (unsigned int i = 0; i < SITES; i++) {
		/* Neither the first nor the middle, nor one after the other. */
		unsigned long place = i * 7 % places;
		char *code =
			memory + (2 * place + 1) * count / (2 * places) * PAGE;

		memcpy(code, site_a, site_a_end - site_a);
		bench_sites[i] = (site *)code;
	}
	arm(fd, mode);
}

void prepare_set_1(void)
{
	prepare(1, 1, SUD_MODE_EXCLUSIVE);
}

void prepare_set_4096(void)
{
	prepare(4096, 1, SUD_MODE_EXCLUSIVE);
}

void prepare_set_4096_spread(void)
{
	prepare(4096, SITES, SUD_MODE_EXCLUSIVE);
}

void prepare_set_65536(void)
{
	prepare(65536, 1, SUD_MODE_EXCLUSIVE);
}

void prepare_set_65536_spread(void)
{
	prepare(65536, SITES, SUD_MODE_EXCLUSIVE);
}

/* Not in the set, and let run by the selector. */
void prepare_set_65536_outside(void)
{
	int fd = sud_open();

	need(fd, SUD_DEVICE);
	fill(fd, 65536);
	arm(fd, SUD_MODE_EXCLUSIVE);
}

/* Inclusive: in the set, and blocked. */
void prepare_set_65536_upcall(void)
{
	prepare(65536, SITES, SUD_MODE_INCLUSIVE);
}
