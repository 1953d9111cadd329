// SPDX-License-Identifier: GPL-2.0-only
/*
 * A worker: a process of some threads, each of which does one operation after
 * the other. It lives for a moment, ends in one way or another, and is started
 * again with the next number.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

#include "race.h"

static void op_calls(struct self *s)
{
	s->nested = !chance(s, 4);
	call_some(s, 20 + below(s, 150));
	s->nested = false;
}

/* Other threads' selectors, and the page that they share. */
static void op_flip(struct self *s)
{
	for (int i = 1 + below(s, 20); i; i--) {
		proc.selector = below(s, 2);
		proc.page[4095] = below(s, 2);
		if (chance(s, 4))
			call_some(s, 1);
	}
	count(flip);
}

/*
 * The page of selectors is gone for a moment, of which nobody may notice: it is
 * shared memory.
 */
static void op_vanish(struct self *s)
{
	s->nested = chance(s, 2);
	sys(SYS_madvise, proc.page, 4096, MADV_DONTNEED);
	call_some(s, 3);
	s->nested = false;
	count(vanish);
}

/* Signals for the other threads, which may be anywhere. */
static void op_signal(struct self *s)
{
	for (int i = 0; i < sh->threads; i++) {
		struct self *to = &selves[i * (1 + EXTRAS)];

		if (to->tid && to != s) {
			sys(SYS_tgkill, s->pid, to->tid, SIGUSR1);
			count(usr1);
		}
	}
	/* Who serves their calls is interrupted, too. */
	sys(SYS_tgkill, proc.server, proc.server, SIGUSR1);
	call_some(s, 2);
}

static void op_probed(struct self *s)
{
	u64 upcalls = s->up_count;
	int n = (int)rnd(s);

	s->nested = false;
	if (s->model.c.selector && !s->model.shared)
		*s->model.selector = SUD_SELECTOR_BLOCK;
	CHECK_EQ(s, "the result of a probed function", race_probed(n), n + 1);
	CHECK_EQ(s, "upcalls of a probed function", s->up_count, upcalls);
	count(uprobed);
}

/* An exec that fails changes nothing. */
static void op_no_exec(struct self *s)
{
	static char *const none[] = { NULL };

	CHECK_EQ(s, "execve of what is not there",
		 sys(SYS_execve, "/nonexistent", none, none), -2);
	check_get(s, &s->model.c);
	check_unsynced(s);
	call_some(s, 2);
}

static const struct {
	const char *name;
	void (*fn)(struct self *s);
	int weight;
} ops[] = {
	{ "start", NULL, 0 },	       { "arm", op_arm, 16 },
	{ "disarm", op_disarm, 2 },    { "refused", op_refused, 4 },
	{ "calls", op_calls, 20 },     { "flip", op_flip, 6 },
	{ "vanish", op_vanish, 4 },    { "signal", op_signal, 8 },
	{ "regions", op_regions, 16 }, { "list", op_list, 4 },
	{ "nth", op_nth, 6 },	       { "probed", op_probed, 4 },
	{ "child", op_child, 8 },      { "thread", op_thread, 10 },
	{ "no_exec", op_no_exec, 2 },  { "exec_thread", op_exec_thread, 4 },
	{ "exit", op_exit, 4 },	       { "kill", op_kill, 4 },
	{ "death", op_death, 6 },      { "death_race", op_death_race, 3 },
	{ "in_hook", op_in_hook, 4 },  { "solo", op_solo, 6 },
	{ "seccomp", op_seccomp, 2 },  { "end", NULL, 0 },
};

#define OP_END (ARRAY_SIZE(ops) - 1)

const char *op_name(int op)
{
	return (u32)op < ARRAY_SIZE(ops) ? ops[op].name : NULL;
}

int op_find(const char *name)
{
	for (u32 i = 0; i < ARRAY_SIZE(ops); i++)
		if (!strcmp(ops[i].name, name))
			return i;
	return -1;
}

/* The operation is drawn before it is asked whether it is wanted. */
static int random_op(struct self *s)
{
	int total = 0, at;

	for (u32 i = 0; i < ARRAY_SIZE(ops); i++)
		total += ops[i].weight;
	at = below(s, total);
	for (u32 i = 0; i < ARRAY_SIZE(ops); i++) {
		at -= ops[i].weight;
		if (at < 0)
			return i;
	}
	return 0;
}

static u64 seed_of(const struct self *s, u32 step)
{
	u64 who = (u64)proc.slot << 56 | (u64)s->index << 48 | proc.gen;

	return mix(mix(sh->seed ^ mix(who)) + step);
}

/* SIGUSR1 at any instruction, a tick of the thread's own time apart. */
static void start_timer(struct self *s)
{
	struct sigevent event = { .sigev_notify = SIGEV_THREAD_ID,
				  .sigev_signo = SIGUSR1,
				  ._sigev_un._tid = s->tid };
	struct itimerspec often = { { 0, 2000000 }, { 0, 2000000 } };
	int timer;

	if (sys(SYS_timer_create, CLOCK_THREAD_CPUTIME_ID, &event, &timer) ||
	    sys(SYS_timer_settime, timer, 0, &often, NULL))
		FAIL(s, "a timer", 0, 0);
}

static bool time_to_end(void)
{
	return proc.halt || sh->quiesce || sh->stop;
}

static void thread_steps(struct self *s)
{
	u32 steps, op;

	s->pid = proc.pid;
	s->tid = sys(SYS_gettid);
	s->beat->tid = s->tid;
	s->rng = seed_of(s, 0);
	start_timer(s);
	steps = 20 + below(s, 200);
	for (u32 step = 1; step <= steps && !time_to_end(); step++) {
		s->rng = seed_of(s, step);
		op = random_op(s);
		s->beat->step = step;
		if (!(sh->ops >> op & 1))
			continue;
		/* What a tracer has left behind ends here. */
		if (disturbed(s))
			arm_random(s);
		note_op(s, op);
		ops[op].fn(s);
	}
	s->nested = false;
	note_op(s, OP_END);
}

static struct self *thread_self(int n)
{
	struct self *s = &selves[n * (1 + EXTRAS)];

	s->beat = &sh->slots[proc.slot].beat[n];
	s->own = n * OWN_CELLS;
	s->model.c.size = sizeof(s->model.c);
	sets_thread(s);
	call_thread(s);
	return s;
}

static void *thread(void *arg)
{
	struct self *s = arg;

	set_gs(s);
	thread_steps(s);
	return NULL;
}

/*
 * How a worker ends: when all of its threads have; by the exit of one of them;
 * or its first thread leaves before the others. Armed or not.
 */
void worker(struct slot *slot)
{
	struct self *s;
	pthread_t threads[MAX_THREADS];

	process_init(slot);
	call_init();
	signals_init();
	s = thread_self(0);
	set_gs(s);
	s->pid = proc.pid;
	s->rng = seed_of(s, 0);
	sets_init(s);
	for (int i = 1; i < sh->threads; i++) {
		struct self *other = thread_self(i);
		int err;

		/* CLONE_FS: not while a child of another thread's is in exec. */
		do
			err = pthread_create(&threads[i], NULL, thread, other);
		while (err == EAGAIN);
		CHECK_EQ(s, "pthread_create", err, 0);
	}
	thread_steps(s);
	switch (proc.gen % 3) {
	case 0:
		process_exit(0);
	case 1:
		proc.halt = true;
		thread_exit(s);
	default:
		waits(s, "the other threads", 0);
		for (int i = 1; i < sh->threads; i++)
			pthread_join(threads[i], NULL);
		process_exit(0);
	}
}
