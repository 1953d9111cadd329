// SPDX-License-Identifier: GPL-2.0-only
/*
 * Configurations at random: such that no code but the cells is judged, so that
 * signal handlers, libc and this program itself always get on.
 */
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "race.h"

#define EINVAL_ 22
#define EFAULT_ 14
/* Where a configuration looks for the selector: relative to FS, too. */
static volatile u8 *random_selector(struct self *s, struct model *m)
{
	m->shared = false;
	switch (below(s, 8)) {
	case 0:
		return NULL;
	case 1:
		/* Others flip it in the midst of things. */
		if (s->solo || s->extra)
			break;
		m->shared = true;
		return chance(s, 2) ? &proc.selector : &proc.page[4095];
	case 2:
	case 3:
		return &proc.page[s->index];
	}
	return &s->selector;
}

/* Armed on a descriptor that has a listener, unless its set is private. */
void random_delivery(struct self *s, struct model *m)
{
	switch (below(s, 5)) {
	case 0:
		break;
	case 1:
		if (m->which == SET_EXEMPT)
			m->c.delivery = SUD_DELIVER_NOTIFY;
		break;
	case 2:
		m->top = own_frames(s);
		m->c.delivery = SUD_DELIVER_UPCALL;
		m->c.upcall_entry = (u64)race_up_frames;
		m->c.upcall_frame = (u64)m->top;
		break;
	default:
		m->c.delivery = SUD_DELIVER_UPCALL;
		m->c.upcall_entry = (u64)race_up_regs;
	}
}

/* Which is refused where no handler of the thread's is entered. */
void auto_allow(struct model *m)
{
	if (m->c.delivery == SUD_DELIVER_NOTIFY)
		m->c.delivery = SUD_DELIVER_SIGSYS;
	m->c.flags |= SUD_FLAG_AUTO_ALLOW;
}

void random_flags(struct self *s, struct model *m)
{
	struct sud_config *c = &m->c;

	if (c->selector && c->delivery != SUD_DELIVER_NOTIFY && chance(s, 3))
		auto_allow(m);
	if (chance(s, 4))
		c->flags |= SUD_FLAG_SIGRETURN;
	if (chance(s, 3))
		c->flags |= SUD_FLAG_INHERIT_THREAD;
	if (chance(s, 3))
		c->flags |= SUD_FLAG_INHERIT_FORK;
	if (chance(s, 5))
		c->flags |= below(s, 8) * SUD_FLAG_ENTRY_SYSCALL;
	if ((c->selector || c->upcall_frame) && chance(s, 3)) {
		u64 base = fs_base();

		c->flags |= SUD_FLAG_SELECTOR_FS;
		if (c->selector)
			c->selector -= base;
		if (c->upcall_frame)
			c->upcall_frame -= base;
	}
}

/*
 * The selector in the control area, and the frames; a child of fork would have other
 * bytes there.
 */
static void random_mapped(struct self *s, struct model *m)
{
	struct area_slot *slot = &proc.area[s->index];
	struct sud_config *c = &m->c;

	if (!(c->selector || c->upcall_frame) || !chance(s, 3))
		return;
	if (c->selector) {
		m->shared = false;
		m->selector = &slot->selector;
		c->selector = (u64)m->selector;
	}
	if (c->upcall_frame) {
		slot->top = (u64)(slot->frames + ARRAY_SIZE(slot->frames));
		m->top = &slot->top;
		c->upcall_frame = (u64)m->top;
	}
	c->flags &= ~(SUD_FLAG_SELECTOR_FS | SUD_FLAG_INHERIT_FORK);
	c->flags |= SUD_FLAG_MAPPED;
}

void random_model(struct self *s, struct model *m, int *fd)
{
	struct sud_config *c = &m->c;
	u32 way = below(s, 7), cut = below(s, OWN_CELLS * CELL);

	memset(m, 0, sizeof(*m));
	c->size = sizeof(*c);
	*fd = proc.fd[SET_EXEMPT];
	switch (way) {
	case 0:
	case 1:
		c->mode = SUD_MODE_EXCLUSIVE;
		c->offset = chance(s, 2) ? CELLS_END : own_start(s) + cut;
		c->len = USER_END - c->offset;
		break;
	case 2:
		c->mode = SUD_MODE_INCLUSIVE;
		c->offset = CELLS;
		c->len = CELLS_END - CELLS;
		break;
	case 3:
		c->mode = SUD_MODE_INCLUSIVE;
		c->offset = own_start(s) + cut / 2;
		c->len = OWN_CELLS * CELL - cut;
		break;
	case 4:
	case 5:
		m->which = way == 4 ? SET_EXEMPT : SET_JUDGED;
		*fd = proc.fd[m->which];
		break;
	case 6:
		m->which = SET_PRIVATE;
		way = chance(s, 2) ? 4 : 5;
		*fd = private_set(s, way == 4);
	}
	if (way >= 4) {
		c->mode = way == 4 ? SUD_MODE_EXCLUSIVE : SUD_MODE_INCLUSIVE;
		c->flags = SUD_FLAG_REGIONS;
	}
	m->selector = random_selector(s, m);
	c->selector = (u64)m->selector;
	random_delivery(s, m);
	random_flags(s, m);
	random_mapped(s, m);
}

static void done_with(int fd)
{
	if (fd != proc.fd[SET_EXEMPT] && fd != proc.fd[SET_JUDGED])
		sys(SYS_close, fd);
}

/* What GET says must be what SET was given. */
void check_get(struct self *s, const struct sud_config *want)
{
	struct sud_config c = { .size = sizeof(c) };
	static const struct sud_config off = { .size = sizeof(off) };

	CHECK_EQ(s, "GET", sys(SYS_ioctl, proc.fd[0], SUD_IOC_GET, &c), 0);
	if (want->mode == SUD_MODE_OFF)
		want = &off;
	if (disturbed(s))
		return;
	for (u32 i = 0; i < sizeof(c) / 8; i++)
		CHECK_EQ(s, "a word of what GET says", ((u64 *)&c)[i],
			 ((const u64 *)want)[i]);
}

/* Some threads, and never this one. */
void check_unsynced(struct self *s)
{
	int tids[4];
	struct sud_unsynced args = {
		.size = sizeof(args),
		.tids = (u64)tids,
		.count = ARRAY_SIZE(tids),
	};

	CHECK_EQ(s, "UNSYNCED",
		 sys(SYS_ioctl, proc.fd[0], SUD_IOC_UNSYNCED, &args), 0);
	for (u32 i = 0; i < args.count; i++)
		CHECK_EQ(s, "another thread's number",
			 tids[i] > 0 && tids[i] != s->tid, 1);
}

/* From before the change until it is known; a tracer may look at any time. */
static long set(struct self *s, const struct model *m, int fd)
{
	u64 disturbs;
	long err;

	s->pending = *m;
	barrier();
	s->changing = 1;
	barrier();
	disturbs = s->disturbs;
	barrier();
	err = sys(SYS_ioctl, fd, SUD_IOC_SET, &m->c);
	barrier();
	if (!err) {
		s->model = *m;
		if (m->top)
			s->top = m->top;
		s->settled = disturbs;
	}
	barrier();
	s->changing = 0;
	return err;
}

void arm_as(struct self *s, const struct model *m, int fd)
{
	bool armed = s->model.c.mode;

	if (m->selector)
		*m->selector = SUD_SELECTOR_ALLOW;
	note(s, m->c.flags | (long)m->c.mode << 16 | (long)m->which << 20 |
			(long)m->c.delivery << 24 | 1UL << 32);
	CHECK_EQ(s, "SET", set(s, m, fd), 0);
	count_n(armed ? K_rearm : K_arm, 1);
	check_get(s, &s->model.c);
}

void arm_random(struct self *s)
{
	struct model m;
	int fd;

	random_model(s, &m, &fd);
	arm_as(s, &m, fd);
	done_with(fd);
}

void disarm(struct self *s)
{
	struct model m = { .c.size = sizeof(m.c) };

	CHECK_EQ(s, "SET to off", set(s, &m, proc.fd[0]), 0);
	count(disarm);
	check_get(s, &s->model.c);
}

void op_arm(struct self *s)
{
	s->nested = false;
	arm_random(s);
	call_some(s, 1 + below(s, 4));
}

void op_disarm(struct self *s)
{
	s->nested = false;
	disarm(s);
	call_some(s, 1 + below(s, 4));
}

/* Each is wrong in one way, and changes nothing. */
void op_refused(struct self *s)
{
	struct sud_config c = { .size = sizeof(c),
				.mode = SUD_MODE_EXCLUSIVE,
				.offset = CELLS_END,
				.len = (USER_END - CELLS_END),
				.selector = (u64)&s->selector };
	const void *at = &c;
	int fd = proc.fd[SET_EXEMPT];
	long err = -EINVAL_;

	s->nested = false;
	switch (below(s, 10)) {
	case 0:
		c.mode = 7;
		break;
	case 1:
		c.flags = 1U << 31;
		break;
	case 2:
		c.len = -1UL;
		break;
	case 3:
		c.selector = 0xffff800000000000;
		err = -EFAULT_;
		break;
	case 4:
		c.delivery = SUD_DELIVER_UPCALL;
		break;
	case 5:
		c.flags = SUD_FLAG_REGIONS;
		break;
	case 6:
		at = (void *)8;
		err = -EFAULT_;
		break;
	case 7:
		c.size = 8;
		break;
	case 8:
		c.delivery = SUD_DELIVER_NOTIFY;
		c.flags = SUD_FLAG_AUTO_ALLOW;
		break;
	case 9:
		/* It has no listener. */
		c.delivery = SUD_DELIVER_NOTIFY;
		fd = proc.fd[SET_JUDGED];
	}
	CHECK_EQ(s, "a SET that must be refused",
		 sys(SYS_ioctl, fd, SUD_IOC_SET, at), err);
	count(refused);
	check_get(s, &s->model.c);
	call_some(s, 2);
}

static bool fail_nth(int n)
{
	char text[4] = { '0' + n / 10, '0' + n % 10, '\n' };
	int fd = sys(SYS_open, "/proc/thread-self/fail-nth",
		     O_WRONLY | O_CLOEXEC);
	bool ok;

	if (fd < 0)
		return false;
	ok = sys(SYS_write, fd, text, 3) == 3;
	sys(SYS_close, fd);
	return ok;
}

/* Where the kernel can: an allocation or a copy of a SET or an ADD fails. */
void op_nth(struct self *s)
{
	struct sud_range r = { own_start(s), CELL * OWN_CELLS };
	struct model m;
	u64 n = 1;
	long err;
	int fd;

	if (!sh->nth || !can_change(s))
		return;
	s->nested = false;
	random_model(s, &m, &fd);
	if (m.which == SET_PRIVATE) {
		/* Its bits are the new set's already. */
		arm_as(s, &m, fd);
		done_with(fd);
		return;
	}
	if (m.selector)
		*m.selector = SUD_SELECTOR_ALLOW;
	/* A signal's frame is a copy, too. */
	sigset_t all, old;

	memset(&all, 0xff, sizeof(all));
	/* What crashes is to say where. */
	sigdelset(&all, SIGSEGV);
	sys(SYS_rt_sigprocmask, SIG_SETMASK, &all, &old, 8);
	fail_nth(1 + below(s, 4));
	err = chance(s, 2) ? set(s, &m, fd) : 1;
	if (err == 1)
		err = set_ioctl(fd, SUD_IOC_REGIONS_ADD, &r, &n) ?: 1;
	fail_nth(0);
	sys(SYS_rt_sigprocmask, SIG_SETMASK, &old, NULL, 8);
	if (err == 1)
		set_bits(s, fd == proc.fd[SET_EXEMPT] ? SET_EXEMPT : SET_JUDGED,
			 0, CELL * OWN_CELLS, true);
	else if (err && err != -12 && err != -EFAULT_)
		FAIL(s, "the errno of a failure that was asked for", err, -12);
	if (err < 0)
		count(nth);
	check_get(s, &s->model.c);
	call_some(s, 4);
}
