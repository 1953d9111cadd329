// SPDX-License-Identifier: GPL-2.0-only
/*
 * The listener of a worker or a tracer, and the process that serves it: as long as a
 * thread can call, which it learns from the module only. Nobody kills it, and all
 * who are armed for it have the listener open, too: no call of theirs may go without
 * an answer.
 */
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/uio.h>

#include "race.h"

#define BATCH 6
#define EINTR_ 4
#define ENOENT_ 2
#define ESRCH_ 3
#define CS64 0x33
#define CS32 0x23
#define TRAP_FLAG 0x100
#define LSEEK_32BIT 19

static bool read_memory(const struct sud_notification *call, void *to, u64 from,
			size_t size)
{
	struct iovec local = { to, size }, remote = { (void *)from, size };

	return sys(SYS_process_vm_readv, call->tid, &local, 1, &remote, 1, 0) ==
	       (long)size;
}

/* Where the thread has the struct probe of its call. */
static bool find_probe(const struct sud_notification *call, enum way way,
		       struct probe *p)
{
	u64 index = (call->regs.sp - LOW_STACKS) / LOW_STACK - 1, at;

	/* See race_probe: below it is the return address. */
	at = call->regs.sp + 8;
	/* 32-bit code has a stack of its own, by which its thread is known. */
	if (way == WAY_COMPAT && index >= SELVES)
		return false;
	if (way == WAY_COMPAT)
		at = (u64)&selves[index].cur;
	return read_memory(call, &at, at, sizeof(at)) &&
	       read_memory(call, p, at, sizeof(*p));
}

/* Return: what is wrong, or NULL. */
static const char *compare(const struct sud_notification *call, enum way way,
			   const struct probe *p)
{
	const struct sud_regs *r = &call->regs;
	const u64 regs[] = { r->ax,  r->bx,  r->cx,  r->dx,  r->si,
			     r->di,  r->bp,  r->r8,  r->r9,  r->r10,
			     r->r11, r->r12, r->r13, r->r14, r->r15 };

	if (p->way != way || p->ip != r->ip)
		return "a listener's call comes from elsewhere";
	if ((u32)p->nr != call->nr)
		return "a listener's call has another number";
	if ((r->flags ^ p->in[FL]) & FLAGS)
		return "a listener's call has other flags";
	for (int i = BX; i <= R15; i++) {
		u64 want = p->in[i];

		if (way == WAY_COMPAT && i >= R8)
			break;
		if (way == WAY_SYSCALL && i == CX)
			want = p->ip;
		if (way == WAY_SYSCALL && i == R11) {
			if ((regs[i] ^ p->in[FL]) & FLAGS)
				return "a listener's call has other flags in r11";
			continue;
		}
		if (regs[i] != want)
			return "a listener's call has other registers";
	}
	return NULL;
}

/* What the thread knows of its call, while it waits, is what was told. */
static void check_memory(struct self *s, const struct sud_notification *call,
			 enum way way)
{
	const char *wrong = "a waiting thread's memory cannot be read";
	struct probe p;

	if (find_probe(call, way, &p))
		wrong = compare(call, way, &p);
	/* It may wait no more, and the memory be another's. */
	if (wrong &&
	    !sys(SYS_ioctl, proc.listener, SUD_IOC_CALL_VALID, &call->id))
		FAIL(s, wrong, call->nr, call->regs.ip);
}

static enum way check_call(struct self *s, const struct sud_notification *call)
{
	enum way way;

	if (!cell_way(call->regs.ip, &way))
		FAIL(s, "a natural call came to a listener, not of a cell",
		     call->nr, call->regs.ip);
	CHECK_EQ(s, "a listener's call: arch", call->arch, arch_of(way));
	CHECK_EQ(s, "a listener's call: cs", call->cs,
		 way == WAY_COMPAT ? CS32 : CS64);
	CHECK_EQ(s, "a listener's call: ax", (u32)call->regs.ax, call->nr);
	CHECK_EQ(s, "a listener's call: reserved", call->reserved, 0);
	CHECK_EQ(s, "a listener's call: a debugger's trap flag",
		 call->regs.flags & TRAP_FLAG, 0);
	if (call->tid <= 0 || call->pid <= 0)
		FAIL(s, "a listener's call without a thread", call->tid,
		     call->pid);
	/* Not always, so that answers come at once, too. */
	if (chance(s, 2))
		check_memory(s, call, way);
	return way;
}

/* A result; or all registers; or another call, whose result is the same. */
static struct sud_answer random_answer(struct self *s,
				       const struct sud_notification *call)
{
	struct sud_answer a = { .id = call->id, .regs = call->regs };
	enum way way = check_call(s, call);

	switch (below(s, 4)) {
	case 0:
		a.flags = SUD_ANSWER_REGS;
		a.regs.ax = RESULT;
		/* SYSCALL gives these two away. */
		if (way == WAY_SYSCALL) {
			a.regs.cx = ANSWER_CX;
			a.regs.r11 = ANSWER_R11;
		}
		break;
	case 1:
		a.flags = SUD_ANSWER_REGS | SUD_ANSWER_RUN;
		a.regs.dx = SEEK_SET;
		if (way == WAY_SYSCALL) {
			a.regs.ax = SYS_lseek;
			a.regs.di = proc.file;
			a.regs.si = RESULT;
		} else {
			a.regs.ax = LSEEK_32BIT;
			a.regs.bx = proc.file;
			a.regs.cx = RESULT;
		}
		break;
	default:
		a.result = RESULT;
	}
	return a;
}

/* Gives the answers and, where there is room, takes calls. */
static long give_and_take(struct self *s, struct sud_answer *answers, u32 given,
			  struct sud_notification *calls, u32 room)
{
	struct sud_serve args = { .size = sizeof(args),
				  .answers = (u64)answers,
				  .answer_count = given,
				  .answer_size = sizeof(*answers),
				  .calls = (u64)calls,
				  .call_count = room,
				  .call_size = sizeof(*calls) };
	long got = sys(SYS_ioctl, proc.listener, SUD_IOC_SERVE, &args);
	bool late = false;

	for (u32 i = 0; i < given; i++) {
		if (!answers[i].error)
			continue;
		/* Its thread was interrupted, or is dead. */
		CHECK_EQ(s, "the error of an answer", answers[i].error,
			 ENOENT_);
		late = true;
		count(late);
	}
	CHECK_EQ(s, "SERVE with an answer that came too late", got == -ENOENT_,
		 late);
	if (late || got == -EINTR_)
		return 0;
	if (got == -ESRCH_ && room)
		process_exit(0);
	if (got < 0 || got > room)
		FAIL(s, "SERVE", got, room);
	return got;
}

/*
 * Signals for the threads that wait: where nobody executes another image, which would
 * die of it.
 */
static void interrupt(struct self *s, const struct sud_notification *calls,
		      u32 n)
{
	for (u32 i = 0; i < n; i++)
		if (calls[i].pid == proc.pid && chance(s, 6)) {
			sys(SYS_tgkill, proc.pid, calls[i].tid, SIGUSR1);
			count(usr1);
		}
}

static void serve(struct self *s)
{
	struct sud_notification calls[BATCH];
	struct sud_answer answers[BATCH];
	struct pollfd p = { .fd = proc.listener, .events = POLLIN };
	u32 waiting = 0, first;

	for (;;) {
		/* Some in a call of their own. */
		first = below(s, waiting + 1);
		if (first && chance(s, 2))
			give_and_take(s, answers, first, NULL, 0);
		else
			first = 0;
		if (first == waiting && chance(s, 4))
			sys(SYS_poll, &p, 1, -1);
		waiting = give_and_take(s, answers + first, waiting - first,
					calls, 1 + below(s, BATCH));
		interrupt(s, calls, waiting);
		if (chance(s, 10))
			sleep_us(below(s, 2000));
		for (u32 i = 0; i < waiting; i++)
			answers[i] = random_answer(s, &calls[i]);
	}
}

/* In no group that is killed, and with nothing open that a thread is armed on. */
static void be_server(void)
{
	struct self *s = &selves[0];

	sys(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL);
	sys(SYS_setpgid, 0, 0);
	for (int i = 0; i < SET_PRIVATE; i++)
		sys(SYS_close, proc.fd[i]);
	sys(SYS_munmap, proc.area, AREA_SIZE);
	s->pid = sys(SYS_getpid);
	s->tid = s->pid;
	s->beat = NULL;
	s->rng = mix(mix(sh->seed ^ mix((u64)proc.slot << 56 | proc.gen)));
	serve(s);
}

/* The first threads of workers and tracers do this, as their only threads. */
void listener_init(struct self *s)
{
	struct sud_listen args = { .size = sizeof(args) };

	if (proc.gen & 1)
		args.flags = SUD_LISTEN_KILLABLE;
	proc.listener =
		sys(SYS_ioctl, proc.fd[SET_EXEMPT], SUD_IOC_LISTEN, &args);
	proc.file = sys(SYS_memfd_create, "race", MFD_CLOEXEC);
	if (proc.listener < 0 || proc.file < 0)
		FAIL(s, "a listener, and a file", proc.listener, proc.file);
	CHECK_EQ(s, "LISTEN of a descriptor that has a listener",
		 sys(SYS_ioctl, proc.fd[SET_EXEMPT], SUD_IOC_LISTEN, &args),
		 -16);
	/* A child of the coordinator's, so that nobody here waits for it. */
	proc.server = sys(SYS_clone, CLONE_PARENT | SIGCHLD);
	if (!proc.server)
		be_server();
	if (proc.server < 0)
		FAIL(s, "the fork of a server", proc.server, 0);
	sh->slots[proc.slot].server = proc.server;
}
