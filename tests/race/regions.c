// SPDX-License-Identifier: GPL-2.0-only
/*
 * Region sets, which a worker's threads share: each thread changes what they say
 * about its own cells, and knows it.
 */
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "race.h"

/* Ranges that no code ever is in, above all that is. */
#define JUNK 0xffff800000000000UL
#define JUNK_STEP 64
#define JUNK_RANGES 4096
#define MANY 1500
#define ROOM 700

static struct sud_range ranges[MAX_THREADS][MANY + 8];
static struct sud_range listed[MAX_THREADS][ROOM];

long set_ioctl(int fd, unsigned long cmd, const struct sud_range *r, u64 *n)
{
	struct sud_regions regions = { .size = sizeof(regions),
				       .ranges = (u64)r,
				       .count = *n };
	long err = sys(SYS_ioctl, fd, cmd, &regions);

	*n = regions.count;
	return err;
}

u64 own_start(const struct self *s)
{
	return CELLS + s->own * CELL;
}

/* The process' sets: one of what is exempt, one of what is judged. */
void sets_init(struct self *s)
{
	struct sud_range all = { CELLS_END, (USER_END - CELLS_END) };
	u64 n = 1;

	/* The module may just be on its way back. */
	for (int i = 0; i < SET_PRIVATE; i++) {
		while ((proc.fd[i] = sys(SYS_open, SUD_DEVICE,
					 O_RDWR | O_CLOEXEC)) < 0 &&
		       !sh->stop) {
			waits(s, "/dev/sud to be there", proc.fd[i]);
			sleep_us(1000);
		}
	}
	CHECK_EQ(s, "ADD",
		 set_ioctl(proc.fd[SET_EXEMPT], SUD_IOC_REGIONS_ADD, &all, &n),
		 0);
	proc.page = (void *)sys(SYS_mmap, NULL, 4096, PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	proc.area = (void *)sys(SYS_mmap, NULL, AREA_SIZE,
				PROT_READ | PROT_WRITE, MAP_SHARED, proc.fd[0],
				0);
	if ((long)proc.area < 0)
		FAIL(NULL, "mmap of the control area", proc.area, 0);
	listener_init(s);
}

/* A thread's own cells are in no set when it begins. */
void sets_thread(struct self *s)
{
	memset(s->bits, 0, sizeof(s->bits));
}

void set_bits(struct self *s, enum set which, u32 from, u32 to, bool on)
{
	for (u32 i = from; i < to; i++) {
		if (on)
			s->bits[which][i / 64] |= 1UL << i % 64;
		else
			s->bits[which][i / 64] &= ~(1UL << i % 64);
	}
}

/* A part of a thread's own cells. */
static void random_part(struct self *s, u32 *from, u32 *to)
{
	*from = below(s, OWN_CELLS * CELL);
	*to = *from + 1 + below(s, OWN_CELLS * CELL - *from);
	if (chance(s, 3)) {
		*from &= ~(CELL - 1);
		*to = *from + CELL;
	}
	if (chance(s, 10)) {
		*from = 0;
		*to = OWN_CELLS * CELL;
	}
}

/* The set of a descriptor that is closed as soon as the thread is armed. */
int private_set(struct self *s, bool exempt)
{
	struct sud_range r[3] = { { CELLS_END, (USER_END - CELLS_END) } };
	u64 n = exempt;
	u32 from, to;
	int fd = sys(SYS_open, SUD_DEVICE, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		FAIL(s, "open of /dev/sud", fd, 0);
	memset(s->bits[SET_PRIVATE], 0, sizeof(s->bits[0]));
	for (int i = below(s, 3); i; i--) {
		random_part(s, &from, &to);
		r[n++] = (struct sud_range){ own_start(s) + from, to - from };
		set_bits(s, SET_PRIVATE, from, to, true);
	}
	CHECK_EQ(s, "ADD to a new set",
		 set_ioctl(fd, SUD_IOC_REGIONS_ADD, r, &n), 0);
	return fd;
}

bool can_change(const struct self *s)
{
	return !s->extra && !s->forked;
}

/* Own cells, cells of nobody, and junk, in one call and in any order. */
void op_regions(struct self *s)
{
	struct sud_range *r = ranges[s->index / (1 + EXTRAS)];
	enum set which = chance(s, 2) ? SET_EXEMPT : SET_JUDGED;
	bool add = chance(s, 2);
	u64 n = below(s, chance(s, 20) ? MANY : 20), sent;
	u32 from = 0, to = 0, i;

	if (!can_change(s))
		return;
	s->nested = false;
	for (i = 0; i < n; i++) {
		r[i].offset = JUNK + below(s, JUNK_RANGES) * JUNK_STEP;
		r[i].len = chance(s, 4) ? JUNK_STEP : 1 + below(s, 200);
	}
	if (chance(s, 3)) {
		r[n].offset =
			CELLS +
			(MAX_THREADS * OWN_CELLS + below(s, RACY_CELLS)) * CELL;
		r[n++].len = 1 + below(s, CELL);
	}
	if (!chance(s, 8)) {
		random_part(s, &from, &to);
		i = below(s, n + 1);
		r[n] = r[i];
		r[i] = (struct sud_range){ own_start(s) + from, to - from };
		n++;
	}
	sent = n;
	note(s,
	     from | to << 12 | (long)which << 24 | (long)add << 28 | n << 32);
	CHECK_EQ(s, "ADD or REMOVE",
		 set_ioctl(proc.fd[which],
			   add ? SUD_IOC_REGIONS_ADD : SUD_IOC_REGIONS_REMOVE,
			   r, &n),
		 0);
	set_bits(s, which, from, to, add);
	count(region);
	count_n(K_ranges, sent);
	/* It holds from now on. */
	call_some(s, 3);
}

/* In order, apart from each other, and right about the own cells. */
void op_list(struct self *s)
{
	struct sud_range *r = listed[s->index / (1 + EXTRAS)];
	enum set which = chance(s, 2) ? SET_EXEMPT : SET_JUDGED;
	u64 bits[OWN_CELLS] = { 0 }, n = ROOM, end = 0;

	if (!can_change(s))
		return;
	CHECK_EQ(s, "LIST",
		 set_ioctl(proc.fd[which], SUD_IOC_REGIONS_LIST, r, &n), 0);
	if (n > ROOM)
		n = ROOM;
	for (u64 i = 0; i < n; i++) {
		if (!r[i].len || (i && r[i].offset <= end))
			FAIL(s, "LIST is out of order", r[i].offset, end);
		end = r[i].offset + r[i].len;
		for (u64 at = 0; at < OWN_CELLS * CELL; at++)
			if (own_start(s) + at - r[i].offset < r[i].len)
				bits[at / 64] |= 1UL << at % 64;
	}
	for (int i = 0; i < OWN_CELLS; i++)
		CHECK_EQ(s, "own cells in LIST", bits[i], s->bits[which][i]);
	count(listed);
}
