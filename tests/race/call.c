// SPDX-License-Identifier: GPL-2.0-only
/*
 * One call: which verdict it must get, whether it got that one, and whether all
 * registers are as they must be.
 */
#include <sys/auxv.h>
#include <sys/mman.h>

#include "race.h"

#define ARCH_SET_GS 0x1001
#define ARCH_GET_FS 0x1003
#define ENOSYS_RESULT (-38)
#define USER_CS32 0x23

static_assert(offsetof(struct self, up_count) == SELF_UP_COUNT, "probe.S");
static_assert(offsetof(struct self, up_dx) == SELF_UP_DX, "probe.S");
static_assert(offsetof(struct self, top) == SELF_TOP, "probe.S");
static_assert(offsetof(struct self, up_frame) == SELF_UP_FRAME, "probe.S");
static_assert(offsetof(struct self, low_sp) == SELF_LOW_SP, "probe.S");
static_assert(offsetof(struct self, high_sp) == SELF_HIGH_SP, "probe.S");
static_assert(offsetof(struct self, far_ip) == SELF_FAR, "probe.S");
static_assert(offsetof(struct probe, out) == PROBE_OUT, "probe.S");
static_assert(offsetof(struct probe, xout) == PROBE_XOUT, "probe.S");
static_assert(offsetof(struct probe, target) == PROBE_TARGET, "probe.S");
static_assert(offsetof(struct probe, red) == PROBE_RED, "probe.S");

/* Where in a cell the way's instruction is. */
static const int starts[] = { 0, 16, 32 };

static u64 ip_of(int cell, enum way way)
{
	return CELLS + cell * CELL + starts[way] + AFTER;
}

bool cell_way(u64 ip, enum way *way)
{
	u64 at = ip - AFTER - CELLS;

	for (u32 i = 0; i < ARRAY_SIZE(starts); i++) {
		*way = i;
		if (at < CELLS_END - CELLS && at % CELL == (u64)starts[i])
			return true;
	}
	return false;
}

void call_init(void)
{
	long page = sys(SYS_mmap, CELLS, CELLS_END - CELLS,
			PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	long low = sys(SYS_mmap, LOW_STACKS, LOW_STACK * SELVES,
		       PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE,
		       -1, 0);

	if (page < 0 || low < 0)
		FAIL(NULL, "mmap of the cells", page, CELLS);
	for (u64 at = CELLS; at < CELLS_END; at += CELL)
		memcpy((void *)at, race_cell, CELL);
	sys(SYS_mprotect, CELLS, CELLS_END - CELLS, PROT_READ | PROT_EXEC);
}

void set_gs(struct self *s)
{
	sys(SYS_arch_prctl, ARCH_SET_GS, s);
}

u64 fs_base(void)
{
	u64 base = 0;

	sys(SYS_arch_prctl, ARCH_GET_FS, &base);
	return base;
}

/* The index and the parent's part of a struct self are there. */
void call_thread(struct self *s)
{
	s->self = s;
	s->low_sp = LOW_STACKS + LOW_STACK * (s->index + 1);
	s->far_cs = USER_CS32;
	s->top = own_frames(s);
}

u64 *own_frames(struct self *s)
{
	s->own_top = (u64)(s->frames + ARRAY_SIZE(s->frames));
	return &s->own_top;
}

static bool bit(const struct self *s, enum set which, u64 ip)
{
	u64 at = ip - (CELLS + s->own * CELL);

	if (at >= OWN_CELLS * CELL)
		return which == SET_EXEMPT && ip >= CELLS_END && ip < USER_END;
	return s->bits[which][at / 64] >> at % 64 & 1;
}

static bool own(const struct self *s, u64 ip)
{
	return ip - (CELLS + s->own * CELL) < OWN_CELLS * CELL;
}

/* The decision, as the ABI has it. */
enum expect expected(const struct self *s, int cell, enum way way)
{
	static const u32 flag[] = { SUD_FLAG_ENTRY_SYSCALL,
				    SUD_FLAG_ENTRY_INT80,
				    SUD_FLAG_ENTRY_COMPAT };
	const struct sud_config *c = &s->model.c;
	u64 ip = ip_of(cell, way);
	u32 ways = c->flags & (SUD_FLAG_ENTRY_SYSCALL | SUD_FLAG_ENTRY_INT80 |
			       SUD_FLAG_ENTRY_COMPAT);
	enum expect verdict = HAND;
	bool inside;

	if (c->mode == SUD_MODE_OFF || (ways && !(ways & flag[way])))
		return RUN;
	if (c->selector && s->model.shared)
		verdict = ANY;
	else if (c->selector && *s->model.selector == SUD_SELECTOR_ALLOW)
		return RUN;

	if (!(c->flags & SUD_FLAG_REGIONS))
		inside = ip - c->offset < c->len;
	else if (own(s, ip) || s->model.which == SET_PRIVATE)
		inside = bit(s, s->model.which, ip);
	else
		return ANY;
	return inside == (c->mode == SUD_MODE_EXCLUSIVE) ? RUN : verdict;
}

enum way random_way(struct self *s)
{
	static const enum way ways[] = { WAY_SYSCALL, WAY_SYSCALL, WAY_SYSCALL,
					 WAY_INT80,   WAY_INT80,   WAY_COMPAT };

	return ways[below(s, ARRAY_SIZE(ways))];
}

/* Is a call of this way an upcall, if it is handed over? */
static bool by_upcall(const struct self *s, enum way way)
{
	const struct sud_config *c = &s->model.c;

	return c->delivery == SUD_DELIVER_UPCALL &&
	       (way == WAY_SYSCALL || (way == WAY_INT80 && c->upcall_frame));
}

static void fill(struct self *s, struct probe *p, enum way way, int nr)
{
	for (int i = 0; i < 15; i++)
		p->in[i] = mix(s->rng + i);
	for (int i = 0; i < 3; i++) {
		p->xin[i][0] = mix(s->rng + 20 + i);
		p->xin[i][1] = ~p->xin[i][0];
	}
	s->rng++;
	p->in[FL] = (p->in[AX] & FLAGS) | 0x202;
	p->in[AX] = (u64)(long)nr;
	/* Where a missed exit_group would be seen. */
	if (nr == SYS_exit_group || nr == 1 || nr == 252) {
		p->in[DI] = 99;
		p->in[BX] = 99;
	}
	/* 32-bit code has no more. */
	if (way == WAY_COMPAT)
		for (int i = BX; i <= BP; i++)
			p->in[i] = (u32)p->in[i];
}

/* Arguments are another call's, which a listener had run in the place of this one. */
static void expect_other_call(struct probe *p)
{
	bool by_syscall = p->way == WAY_SYSCALL;
	int first = by_syscall ? DI : BX;

	if (p->out[first] == p->in[first])
		return;
	p->in[first] = proc.file;
	p->in[by_syscall ? SI : CX] = RESULT;
	p->in[DX] = 0;
}

/* Of a listener: as SYSCALL leaves them, or as an answer says. */
static void check_given_away(struct self *s, const struct probe *p)
{
	if (p->way != WAY_SYSCALL ||
	    (p->out[CX] == ANSWER_CX && p->out[R11] == ANSWER_R11))
		return;
	CHECK_EQ(s, "rcx behind a listener", p->out[CX], p->ip);
	CHECK_EQ(s, "r11 behind a listener", p->out[R11] & FLAGS,
		 p->in[FL] & FLAGS);
}

static void check_registers(struct self *s, const struct probe *p, bool handed,
			    bool upcall)
{
	static const char *const names[] = {
		"rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "r8",
		"r9",  "r10", "r11", "r12", "r13", "r14", "r15"
	};

	for (int i = BX; i <= R15; i++) {
		/* SYSCALL gives these two away. */
		if (p->way == WAY_SYSCALL && (i == CX || i == R11))
			continue;
		if (p->way == WAY_COMPAT && i >= R8)
			break;
		if (p->out[i] != p->in[i]) {
			char what[16] = " changed: ";

			strcat(what, names[i]);
			FAIL(s, what, p->out[i], p->in[i]);
		}
	}
	CHECK_EQ(s, "the flags changed", p->out[FL] & FLAGS, p->in[FL] & FLAGS);
	CHECK_EQ(s, "rsp changed", p->sp_out, p->sp_in);
	for (int i = 0; i < 3; i++) {
		CHECK_EQ(s, "the red zone changed", p->red[i], RED_ZONE + i);
		CHECK_EQ(s, "a vector register changed",
			 p->xout[i][0] ^ p->xout[i][1], ~0ULL);
		CHECK_EQ(s, "a vector register changed", p->xout[i][0],
			 p->xin[i][0]);
	}
	if (!handed || !upcall || disturbed(s))
		return;

	u64 sp = p->sp_in - 8;

	CHECK_EQ(s, "rax at the upcall", (u32)s->up_ax, (u32)p->nr);
	CHECK_EQ(s, "rsp at the upcall", s->up_sp, sp);
	if (!s->model.c.upcall_frame) {
		CHECK_EQ(s, "rcx at the upcall", s->up_cx, p->ip);
		CHECK_EQ(s, "r11 at the upcall", s->up_r11 & FLAGS,
			 p->in[FL] & FLAGS);
		CHECK_EQ(s, "the trap flag in r11", s->up_r11 & 0x100, 0);
		return;
	}
	if (p->way == WAY_SYSCALL)
		CHECK_EQ(s, "rcx at the upcall", s->up_cx,
			 s->model.c.upcall_entry);
	CHECK_EQ(s, "frame: ip", s->up_frame.ip, p->ip);
	CHECK_EQ(s, "frame: flags", s->up_frame.flags & (FLAGS | 0x100),
		 p->in[FL] & FLAGS);
	CHECK_EQ(s, "frame: nr", s->up_frame.nr, (u32)p->nr);
	CHECK_EQ(s, "frame: arch", s->up_frame.arch, arch_of(p->way));
	CHECK_EQ(s, "frame: cs", s->up_frame.cs, 0x33);
	CHECK_EQ(s, "frame: reserved", s->up_frame.reserved, 0);
}

/* What the call gives when it runs. */
static long natural(const struct self *s, const struct probe *p)
{
	if (p->nr == (p->way == WAY_SYSCALL ? SYS_getpid : 20))
		return s->pid;
	return ENOSYS_RESULT;
}

void call_nr(struct self *s, int cell, enum way way, enum expect expect, int nr)
{
	struct probe p, *outer = s->cur;
	u64 upcalls = s->up_count;
	u8 selector = 0;
	bool own_selector = s->model.c.mode && s->model.c.selector &&
			    !s->model.shared;

	memset(&p, 0, sizeof(p));
	p.way = way;
	p.nr = nr;
	p.ip = ip_of(cell, way);
	p.flags = s->model.c.flags;
	fill(s, &p, way, nr);
	p.target = p.ip - AFTER;
	if (way == WAY_COMPAT) {
		s->far_ip = p.ip - AFTER;
		p.target = (u64)race_tramp32;
	}
	if (own_selector)
		selector = *s->model.selector;

	s->cur = &p;
	barrier();
	race_probe(&p);
	barrier();
	u8 after = own_selector ? *s->model.selector : 0;

	if (own_selector && s->solo)
		*s->model.selector = SUD_SELECTOR_ALLOW;
	s->cur = outer;
	upcalls = s->up_count - upcalls;

	bool handed = (u32)p.out[AX] == RESULT;
	bool upcall = upcalls;

	bool answered = handed && !upcall && !p.signals;
	bool notify = s->model.c.delivery == SUD_DELIVER_NOTIFY;

	/* Never mind which: half a delivery is always wrong. */
	if (!answered || !(notify || disturbed(s)))
		CHECK_EQ(s, "handed over how often", upcalls + p.signals,
			 handed);
	if (!handed && (int)p.out[AX] != natural(s, &p))
		FAIL(s, "the result of a call that ran", (int)p.out[AX],
		     natural(s, &p));
	/* From here on it counts what the configuration was. */
	if (!disturbed(s)) {
		if (handed && expect == RUN)
			FAIL(s, "a natural call was dispatched", nr, p.ip);
		if (!handed && expect == HAND)
			FAIL(s, "a blocked call ran", nr, p.ip);
		if (handed) {
			CHECK_EQ(s, "delivered by upcall", upcall,
				 by_upcall(s, way));
			CHECK_EQ(s, "answered by a listener", answered, notify);
		}
		if (own_selector) {
			if (handed && (p.flags & SUD_FLAG_AUTO_ALLOW ||
				       (s->solo && p.signals &&
					!(p.flags & SUD_FLAG_SIGRETURN))))
				selector = SUD_SELECTOR_ALLOW;
			CHECK_EQ(s, "the selector afterwards", after, selector);
		}
	}
	if (answered) {
		expect_other_call(&p);
		check_given_away(s, &p);
	}
	check_registers(s, &p, handed, upcall);

	if (expect == ANY)
		count(either);
	if (handed) {
		if (answered)
			count(notify);
		else if (!upcall)
			count(sigsys);
		else if (s->model.c.upcall_frame && p.flags & SUD_FLAG_MAPPED)
			count(mapped_frames);
		else if (s->model.c.upcall_frame)
			count(frames);
		else
			count(regs);
		if (nr <= -512 && nr >= -516)
			count(restart);
	} else {
		count(run);
	}
	if (p.flags & SUD_FLAG_MAPPED)
		count(mapped);
	if (way == WAY_INT80)
		count(int80);
	if (way == WAY_COMPAT)
		count(compat);
}

/* Numbers for calls that must not run; some would do harm. */
static int blocked_nr(struct self *s)
{
	static const int numbers[] = { -1,
				       -512,
				       -513,
				       -514,
				       -515,
				       -516,
				       SYS_getpid,
				       335,
				       336,
				       252,
				       0,
				       1,
				       2,
				       3,
				       SYS_close,
				       SYS_munmap,
				       SYS_ioctl,
				       SYS_fork,
				       SYS_exit_group,
				       0x40000027,
				       0x7fffffff };

	if (chance(s, 2))
		return NR_DISPATCHED;
	return numbers[below(s, ARRAY_SIZE(numbers))];
}

static int natural_nr(struct self *s, enum way way)
{
	static const int numbers[] = { NR_NATURAL, -512, -513, -514, -516 };
	u32 i = below(s, 2 * ARRAY_SIZE(numbers));

	if (i < ARRAY_SIZE(numbers))
		return numbers[i];
	return chance(s, 2) ? NR_NATURAL : way == WAY_SYSCALL ? SYS_getpid : 20;
}

void call(struct self *s, int cell, enum way way, enum expect expect)
{
	int nr = expect == HAND	 ? blocked_nr(s)
		 : expect == RUN ? natural_nr(s, way)
				 : NR_NATURAL;

	call_nr(s, cell, way, expect, nr);
}

/* Some calls at random, with the selector this way and that. */
void call_some(struct self *s, int n)
{
	while (n-- && !disturbed(s)) {
		enum way way = random_way(s);
		int cell = own_cell(s);
		const u64 *top = s->model.c.upcall_frame ? s->top : NULL;
		u64 before = top ? *top : 0;

		/* Other threads change these in the sets that all share. */
		if (chance(s, 8))
			cell = below(s, (MAX_THREADS * OWN_CELLS) + RACY_CELLS);
		if (s->model.c.selector && !s->model.shared)
			*s->model.selector = chance(s, 4) ? SUD_SELECTOR_ALLOW
							  : SUD_SELECTOR_BLOCK;
		call(s, cell, way, expected(s, cell, way));
		if (top && !disturbed(s))
			CHECK_EQ(s, "the top of the frames afterwards", *top,
				 before);
	}
}

/* A call that is blocked, if the configuration can block one. */
void call_blocked(struct self *s)
{
	for (int cell = s->own; cell < s->own + OWN_CELLS; cell++) {
		if (s->model.c.selector)
			*s->model.selector = SUD_SELECTOR_BLOCK;
		if (expected(s, cell, WAY_SYSCALL) == HAND) {
			call(s, cell, WAY_SYSCALL, HAND);
			return;
		}
	}
}
