// SPDX-License-Identifier: GPL-2.0-only
/*
 * What must kill a process, past its handlers: selectors that are wrong or gone,
 * FS bases and frame tops that point into the kernel or nowhere, SIGSYS blocked.
 * And a hook that sleeps, while anything happens to its thread.
 */
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <sys/mman.h>

#include "race.h"

static const u64 nowhere[] = {
	8,
	0x1000,
	1UL << 46,
	1UL << 56,
	1UL << 63,
	0xffff800000000000,
	0xffff888000000000,
	0xffffffff81000000,
	0xffffffff82000000,
	0xfffffe0000000000,
	-4096UL,
};

static u64 somewhere_bad(struct self *s)
{
	return nowhere[below(s, ARRAY_SIZE(nowhere))];
}

static void caught(int sig, siginfo_t *info, void *context)
{
	(void)info;
	(void)context;
	process_exit(sig == SIGSYS ? EXIT_CAUGHT + 1 : EXIT_CAUGHT);
}

static void handled(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)info;
	(void)context;
	process_exit(EXIT_HANDLER);
}

static void *page(struct self *s)
{
	long p = sys(SYS_mmap, NULL, 4096, PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p < 0)
		FAIL(s, "mmap", p, 0);
	return (void *)p;
}

/* Everything at the cells is blocked, by one selector. */
static void plain_model(struct self *s, struct model *m, volatile u8 *selector)
{
	*m = (struct model){ .c.size = sizeof(m->c),
			     .c.mode = SUD_MODE_INCLUSIVE,
			     .c.offset = CELLS,
			     .c.len = CELLS_END - CELLS,
			     .c.selector = (u64)selector,
			     .selector = selector };
	random_delivery(s, m);
}

static void use_frames(struct self *s, struct model *m, u64 *top)
{
	m->c.delivery = SUD_DELIVER_UPCALL;
	m->c.upcall_entry = (u64)race_up_frames;
	m->c.upcall_frame = (u64)top;
	m->top = top;
	*top = (u64)(s->frames + ARRAY_SIZE(s->frames));
}

enum fault {
	BAD_VALUE,
	UNMAPPED,
	NO_ACCESS,
	READ_ONLY,
	FS_OFFSET,
	FS_BASE,
	BAD_TOP,
	TOP_GONE,
	TOP_FS,
	TOP_IN_AREA,
	SIGSYS_BLOCKED,
	SIGSYS_IGNORED,
	ENTRY_DATA,
	FAULTS
};

static const struct {
	int status;
	enum kind kind;
} faults[] = {
	[BAD_VALUE] = { SIGSYS, K_bad_selector },
	[UNMAPPED] = { SIGSEGV, K_no_selector },
	[NO_ACCESS] = { SIGSEGV, K_no_selector },
	[READ_ONLY] = { SIGSEGV, K_no_selector },
	[FS_OFFSET] = { SIGSEGV, K_bad_fs },
	[FS_BASE] = { SIGSEGV, K_bad_fs },
	[BAD_TOP] = { SIGSEGV, K_bad_top },
	[TOP_GONE] = { SIGSEGV, K_bad_top },
	[TOP_FS] = { SIGSEGV, K_bad_top },
	[TOP_IN_AREA] = { SIGSEGV, K_bad_top },
	[SIGSYS_BLOCKED] = { SIGSYS, K_sigsys_blocked },
	[SIGSYS_IGNORED] = { SIGSYS, K_sigsys_blocked },
	/* This one is an ordinary fault of the program's own. */
	[ENTRY_DATA] = { STATUS_EXIT(EXIT_HANDLER), K_bad_top },
};

static void block_sigsys(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGSYS);
	sys(SYS_rt_sigprocmask, SIG_BLOCK, &set, NULL, 8);
}

/* An upcall's frame by int $0x80, or the rest by any way. */
static void last_call(struct self *s, const struct model *m, enum fault fault)
{
	enum way way = m->c.upcall_frame ? below(s, 2) : random_way(s);

	if (m->c.delivery == SUD_DELIVER_UPCALL && !m->c.upcall_frame &&
	    fault >= BAD_TOP)
		way = WAY_SYSCALL;
	call_nr(s, own_cell(s), way, HAND, NR_DISPATCHED);
	/* Nor may the next one be reached, if that one came back. */
	call_nr(s, own_cell(s), way, HAND, NR_DISPATCHED);
	process_exit(EXIT_CAUGHT);
}

static void die(struct self *s, enum fault fault)
{
	volatile u8 *selector = page(s);
	u64 *top = page(s), base = 0;
	struct model m;

	on_signal(SIGSEGV, caught, 0);
	on_signal(SIGBUS, caught, 0);
	plain_model(s, &m, selector);
	switch (fault) {
	case READ_ONLY:
		auto_allow(&m);
		break;
	case FS_OFFSET:
		m.c.flags |= SUD_FLAG_SELECTOR_FS;
		m.c.selector = somewhere_bad(s) - fs_base();
		if (m.c.upcall_frame)
			m.c.upcall_frame -= fs_base();
		break;
	case FS_BASE:
		m.c.flags |= SUD_FLAG_SELECTOR_FS;
		m.c.selector = below(s, 4096);
		m.c.selector += !m.c.selector;
		base = 0xffff800000000000 + (rnd(s) >> 18 & ~15UL);
		break;
	case BAD_TOP:
	case TOP_GONE:
		use_frames(s, &m, top);
		break;
	case TOP_FS:
		use_frames(s, &m, top);
		m.c.selector = 0;
		m.selector = NULL;
		m.c.flags |= SUD_FLAG_SELECTOR_FS;
		m.c.upcall_frame = somewhere_bad(s) - fs_base();
		break;
	case TOP_IN_AREA:
		use_frames(s, &m, &proc.area[s->index].top);
		*m.top = (u64)(&proc.area[s->index] + 1);
		m.c.selector = 0;
		m.selector = NULL;
		m.c.flags |= SUD_FLAG_MAPPED;
		break;
	case SIGSYS_BLOCKED:
	case SIGSYS_IGNORED:
		m.c.delivery = SUD_DELIVER_SIGSYS;
		m.c.upcall_entry = 0;
		m.c.upcall_frame = 0;
		break;
	case ENTRY_DATA:
		on_signal(SIGSEGV, handled, 0);
		m.c.delivery = SUD_DELIVER_UPCALL;
		m.c.upcall_entry = (u64)selector;
		m.c.upcall_frame = 0;
		break;
	default:
		break;
	}
	arm_as(s, &m, proc.fd[0]);
	*selector = fault == BAD_VALUE ? 2 + below(s, 254) : SUD_SELECTOR_BLOCK;
	switch (fault) {
	case UNMAPPED:
		sys(SYS_munmap, selector, 4096);
		break;
	case NO_ACCESS:
		sys(SYS_mprotect, selector, 4096, PROT_NONE);
		break;
	case READ_ONLY:
		sys(SYS_mprotect, selector, 4096, PROT_READ);
		break;
	case FS_BASE:
		if (!sh->fsgsbase)
			sys(SYS_kill, s->pid, SIGSEGV);
		asm volatile("wrfsbase %0" : : "r"(base));
		break;
	case BAD_TOP:
		*top = somewhere_bad(s) + below(s, 40);
		break;
	case TOP_IN_AREA:
		/* Where no frame fits below it, at the area's beginning; or elsewhere. */
		*m.top = chance(s, 2) ? (u64)proc.area + below(s, 32)
				      : somewhere_bad(s);
		break;
	case TOP_GONE:
		if (chance(s, 2))
			sys(SYS_munmap, top, 4096);
		else
			sys(SYS_mprotect, top, 4096, PROT_READ);
		break;
	case SIGSYS_BLOCKED:
		block_sigsys();
		break;
	case SIGSYS_IGNORED:
		on_signal(SIGSYS, (void *)SIG_IGN, 0);
		break;
	default:
		break;
	}
	/* It is read for the model only where it still can be. */
	s->model.c.selector = 0;
	last_call(s, &m, fault);
}

void op_death(struct self *s)
{
	enum fault fault = below(s, FAULTS);
	int pid = fork_self(s);

	if (!pid)
		die(s, fault);
	note(s, fault);
	await(s, pid, faults[fault].status, "the death by a fault");
	count_n(faults[fault].kind, 1);
	call_some(s, 2);
}

/* The thread that does it to another one, which makes calls all the time. */
static struct {
	enum fault fault;
	volatile u8 *selector, *other;
} victim;

static void spoil(struct self *c)
{
	sleep_us(below(c, 4000));
	switch (victim.fault) {
	case BAD_VALUE:
		for (;;)
			*victim.other = 7;
	case NO_ACCESS:
		sys(SYS_mprotect, victim.selector, 4096, PROT_NONE);
		break;
	default:
		sys(SYS_munmap, victim.selector, 4096);
	}
	/* exit waits in line with the death, and must not come before it. */
	for (;;)
		sleep_us(100000);
}

/* The page is mapped twice: the victim itself uses the other mapping. */
static void be_spoilt(struct self *s, enum fault fault)
{
	struct self *c = extra_self(s, 0);
	struct model m;

	victim.fault = fault;
	victim.selector = page(s);
	victim.other = (void *)sys(SYS_mremap, victim.selector, 0, 4096,
				   MREMAP_MAYMOVE);
	on_signal(SIGSEGV, caught, 0);
	plain_model(s, &m, victim.other);
	m.c.selector = (u64)victim.selector;
	if (chance(s, 2))
		auto_allow(&m);
	/* Then nothing is known about the byte. */
	m.shared = fault == BAD_VALUE;
	arm_as(s, &m, proc.fd[0]);
	c->fn = spoil;
	thread_start(s, c, false, false);
	for (;;) {
		*victim.other = below(s, 2);
		call_some(s, 3);
	}
}

void op_death_race(struct self *s)
{
	enum fault fault = below(s, READ_ONLY);
	int pid;

	if (!sh->fsgsbase)
		return;
	pid = fork_self(s);
	if (!pid)
		be_spoilt(s, fault);
	note(s, fault);
	await(s, pid, faults[fault].status, "the death by another thread");
	count_n(faults[fault].kind, 1);
	call_some(s, 2);
}

/* userfaultfd: the hook's read waits until this says what is there. */
enum wake {
	W_BLOCK,
	W_ALLOW,
	W_BAD,
	W_UNMAP,
	W_KILL,
	W_EXEC,
	W_EXIT,
	W_ZERO,
	WAKES
};

static const int wake_status[] = {
	[W_BLOCK] = 0,
	[W_ALLOW] = 0,
	[W_BAD] = SIGSYS,
	[W_UNMAP] = SIGSEGV,
	[W_KILL] = SIGKILL,
	[W_EXEC] = STATUS_EXIT(EXIT_IMAGE),
	[W_EXIT] = STATUS_EXIT(7),
	[W_ZERO] = 0,
};

static struct {
	enum wake wake;
	int fd, tid;
	bool signal;
	u8 *page;
} sleeper;

static void fill_page(u8 value)
{
	static u8 source[4096] __attribute__((aligned(4096)));
	struct uffdio_copy copy = { .dst = (u64)sleeper.page,
				    .src = (u64)source,
				    .len = 4096 };

	source[0] = value;
	sys(SYS_ioctl, sleeper.fd, UFFDIO_COPY, &copy);
}

static void waker(struct self *c)
{
	struct uffd_msg msg;

	while (sys(SYS_read, sleeper.fd, &msg, sizeof(msg)) != sizeof(msg))
		;
	/* The thread sleeps in the hook now. */
	if (sleeper.signal)
		for (int i = below(c, 3); i >= 0; i--)
			sys(SYS_tgkill, c->pid, sleeper.tid, SIGUSR1);
	sleep_us(below(c, 500));
	switch (sleeper.wake) {
	case W_BLOCK:
		fill_page(SUD_SELECTOR_BLOCK);
		break;
	case W_ALLOW:
		fill_page(SUD_SELECTOR_ALLOW);
		break;
	case W_BAD:
		fill_page(77);
		break;
	case W_UNMAP:
		sys(SYS_munmap, sleeper.page, 4096);
		/* Whoever waits tries again. */
		sys(SYS_close, sleeper.fd);
		break;
	case W_KILL:
		sys(SYS_kill, c->pid, SIGKILL);
		break;
	case W_EXEC:
		exec_image();
		break;
	case W_EXIT:
		process_exit(7);
	default:
		sys(SYS_close, sleeper.fd);
	}
	thread_exit(c);
}

static void fall_asleep(struct self *s, enum wake wake)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	struct self *c;
	struct model m;

	sleeper.wake = wake;
	sleeper.tid = s->tid;
	sleeper.signal = chance(s, 2);
	sleeper.page = (void *)sys(SYS_mmap, NULL, 4096, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	sleeper.fd = sys(SYS_userfaultfd, O_CLOEXEC);
	reg.range.start = (u64)sleeper.page;
	reg.range.len = 4096;
	if (sys(SYS_ioctl, sleeper.fd, UFFDIO_API, &api) ||
	    sys(SYS_ioctl, sleeper.fd, UFFDIO_REGISTER, &reg))
		FAIL(s, "userfaultfd", sleeper.fd, 0);
	on_signal(SIGSEGV, caught, 0);
	plain_model(s, &m, NULL);
	m.c.selector = (u64)sleeper.page;
	if (chance(s, 3))
		auto_allow(&m);
	arm_as(s, &m, proc.fd[0]);
	/* For what is expected: the byte cannot be looked at before. */
	s->model.c.selector = 0;

	c = extra_self(s, 0);
	c->fn = waker;
	c->pid = s->pid;
	thread_start(s, c, false, false);
	if (wake == W_ALLOW || wake == W_ZERO)
		call_nr(s, own_cell(s), random_way(s), RUN, NR_NATURAL);
	else
		call_nr(s, own_cell(s), random_way(s), HAND,
			-512 - (int)below(s, 5));
	if (wake != W_BLOCK && wake_status[wake])
		for (;;)
			sleep_us(100000);
	thread_join(s, c);
	process_exit(0);
}

void op_in_hook(struct self *s)
{
	enum wake wake = below(s, WAKES);
	int pid;

	if (!sh->uffd || !sh->fsgsbase)
		return;
	pid = fork_self(s);
	if (!pid)
		fall_asleep(s, wake);
	note(s, wake);
	await(s, pid, wake_status[wake], "the end of a sleep in the hook");
	count(in_hook);
	call_some(s, 2);
}
