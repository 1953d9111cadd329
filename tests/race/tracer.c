// SPDX-License-Identifier: GPL-2.0-only
/*
 * A tracer: seizes threads of workers, which notice nothing, or children of its
 * own (follow.c).
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>

#include "tracer.h"

struct tracer me;

/* Waits for a stop. False when the thread is gone. */
static bool next_stop(int tid, int *status)
{
	long got;

	waits(me.self, "the stop of a tracee", tid);
	do
		got = sys(SYS_wait4, tid, status, __WALL, NULL);
	while (got == -4);
	waits(me.self, NULL, 0);
	if (got != tid || !WIFSTOPPED(*status))
		return false;
	count(stops);
	return true;
}

static bool resume(int tid, int sig, int *steps)
{
	static const long how[] = { PTRACE_CONT, PTRACE_SYSCALL, PTRACE_SYSCALL,
				    PTRACE_SINGLESTEP };
	long request = how[below(me.self, ARRAY_SIZE(how))];

	if (request == PTRACE_SINGLESTEP && (*steps)-- <= 0)
		request = PTRACE_CONT;
	me.stepping = request == PTRACE_SINGLESTEP;
	if (me.stepping) {
		count(step);
		me.visited->stepped = true;
	}
	if (trace(request, tid, 0, sig))
		return false;
	/* It runs: whatever stops it has not been waited for. */
	maybe_die();
	not_stopped(tid);
	/* Else the next stop may be far away. */
	if (request != PTRACE_SINGLESTEP)
		trace(PTRACE_INTERRUPT, tid, 0, 0);
	return true;
}

static int random_thread(int pid)
{
	char path[32] = "/proc/", *p = path + 6;
	int tids[32], n = 0;
	struct dirent *e;
	DIR *d;

	for (int div = 1000000; div; div /= 10)
		if (pid / div)
			*p++ = '0' + pid / div % 10;
	memcpy(p, "/task", 6);
	d = opendir(path);
	if (!d)
		return 0;
	while ((e = readdir(d)) && n < 32)
		if (e->d_name[0] != '.')
			tids[n++] = atoi(e->d_name);
	closedir(d);
	return n ? tids[below(me.self, n)] : 0;
}

/* A thread of a worker: it goes on afterwards as if nothing had been. */
static void visit(void)
{
	struct slot *of = &sh->slots[below(me.self, sh->workers)];
	int tid = of->pid ? random_thread(of->pid) : 0;
	int status, steps = 20, sig = 0;

	if (tid)
		not_traced(tid);
	if (!tid || trace(PTRACE_SEIZE, tid, 0, PTRACE_O_TRACESYSGOOD)) {
		sleep_us(500);
		return;
	}
	maybe_die();
	/* It may have died since, and is to be waited for then, too. */
	trace(PTRACE_INTERRUPT, tid, 0, 0);
	count(seize);
	me.stepping = false;
	me.visited = of;
	for (int i = 1 + below(me.self, 12); i && next_stop(tid, &status);
	     i--) {
		sig = signal_of(status);
		check_call_stop(tid, status);
		if (!sig) {
			maybe_die();
			if (chance(me.self, 3))
				at_stop(tid, true);
		}
		if (i == 1)
			break;
		/* A group stop: it stays, or goes on. */
		if (status >> 16 && WSTOPSIG(status) != SIGTRAP &&
		    chance(me.self, 2) && !trace(PTRACE_LISTEN, tid, 0, 0)) {
			not_stopped(tid);
			trace(PTRACE_INTERRUPT, tid, 0, 0);
			continue;
		}
		if (!resume(tid, sig, &steps))
			break;
	}
	/* If it is not stopped it is dead, and is to be waited for. */
	if (trace(PTRACE_DETACH, tid, 0, sig))
		while (next_stop(tid, &status))
			trace(PTRACE_DETACH, tid, 0, signal_of(status));
}

void tracer(struct slot *slot)
{
	struct self *s = &selves[0];

	process_init(slot);
	call_init();
	signals_init();
	me.slot = slot;
	me.self = s;
	s->beat = &slot->beat[0];
	s->model.c.size = sizeof(s->model.c);
	sets_thread(s);
	call_thread(s);
	set_gs(s);
	s->pid = proc.pid;
	s->tid = proc.pid;
	s->beat->tid = proc.pid;
	sets_init(s);
	me.fd = sys(SYS_open, SUD_DEVICE, O_RDWR | O_CLOEXEC);
	for (u32 step = 1; !sh->stop && !sh->quiesce; step++) {
		s->rng = mix(
			mix(sh->seed ^ mix((u64)proc.slot << 56 | proc.gen)) +
			step);
		s->beat->step = step;
		note(s, 0);
		if (chance(s, 5))
			follow();
		else
			visit();
	}
	process_exit(0);
}
