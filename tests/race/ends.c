// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ends of a process, with threads that go on until it comes: exec by the
 * leader or another thread, exit by one and by all, SIGKILL.
 */
#include <fcntl.h>
#include <sys/mman.h>

#include "race.h"

/* Calls, and changes of the configuration, until the process ends. */
static void hammer(struct self *c)
{
	for (;;) {
		switch (below(c, 6)) {
		case 0:
			arm_random(c);
			break;
		case 1:
			disarm(c);
			break;
		default:
			call_some(c, 4);
		}
	}
}

static void some_of_that(struct self *c)
{
	arm_random(c);
	call_some(c, below(c, 40));
}

long exec_image(void)
{
	static char *const args[] = { "race-image", NULL };
	static char *const env[] = { NULL };

	/* Of the thread, since the leader may be gone. */
	return sys(SYS_execve, "/proc/thread-self/exe", args, env);
}

/* The new image: off, and natural from a cell that was judged, too. */
int image(void)
{
	struct sud_config c = { .size = sizeof(c) };
	long fd = sys(SYS_open, SUD_DEVICE, 2), ret;

	if (fd < 0)
		return 44;
	if (sys(SYS_ioctl, fd, SUD_IOC_GET, &c) || c.mode != SUD_MODE_OFF)
		return 45;
	sys(SYS_mmap, CELLS, CELLS_END - CELLS, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	for (u64 at = CELLS; at < CELLS_END; at += CELL)
		memcpy((void *)at, race_cell, CELL);
	sys(SYS_mprotect, CELLS, CELLS_END - CELLS, PROT_READ | PROT_EXEC);
	for (u64 at = CELLS; at < CELLS_END; at += CELL) {
		asm volatile("call *%1"
			     : "=a"(ret)
			     : "r"(at), "a"(NR_NATURAL)
			     : "rcx", "r11", "memory");
		if (ret != -38)
			return 46;
	}
	return EXIT_IMAGE;
}

static void exec_life(struct self *c)
{
	some_of_that(c);
	FAIL(c, "execve came back", exec_image(), 0);
}

static void exit_life(struct self *c)
{
	some_of_that(c);
	process_exit(7);
}

static void leave_life(struct self *c)
{
	some_of_that(c);
	thread_exit(c);
}

/* Starts threads of the child's own; without a GS base of theirs, none. */
static void start_threads(struct self *s, int n, void (*fn)(struct self *c))
{
	while (n-- && sh->fsgsbase) {
		struct self *c = extra_self(s, n);

		disarm(s);
		c->fn = n ? hammer : fn;
		thread_start(s, c, false, chance(s, 2));
	}
}

/* exec by the leader, or by a thread whose leader goes on or is gone. */
void op_exec_thread(struct self *s)
{
	int who = below(s, sh->fsgsbase ? 3 : 1);
	int pid = fork_self(s);

	if (!pid) {
		start_threads(s, 1 + below(s, EXTRAS),
			      who ? exec_life : hammer);
		if (who == 1)
			hammer(s);
		if (who == 2)
			leave_life(s);
		exec_life(s);
	}
	note(s, who);
	await(s, pid, STATUS_EXIT(EXIT_IMAGE),
	      "a child that executes an image");
	if (who)
		count(exec_thread);
	else
		count(exec);
	call_some(s, 2);
}

void op_exit(struct self *s)
{
	int how = below(s, sh->fsgsbase ? 3 : 1);
	int pid = fork_self(s);

	if (!pid) {
		start_threads(s, how == 2 ? 1 : 1 + below(s, EXTRAS),
			      how == 0	 ? hammer
			      : how == 1 ? exit_life
					 : leave_life);
		if (how == 0)
			exit_life(s);
		if (how == 1)
			hammer(s);
		leave_life(s);
	}
	note(s, how);
	await(s, pid, how == 2 ? 0 : STATUS_EXIT(7), "a child that exits");
	count(exit);
	call_some(s, 2);
}

void op_kill(struct self *s)
{
	int pid = fork_self(s);

	if (!pid) {
		start_threads(s, below(s, EXTRAS + 1), hammer);
		hammer(s);
	}
	sleep_us(below(s, 8000));
	sys(SYS_kill, pid, SIGKILL);
	await(s, pid, SIGKILL, "a child that was killed");
	count(kill_child);
	call_some(s, 2);
}
