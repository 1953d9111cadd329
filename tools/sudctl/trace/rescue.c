// SPDX-License-Identifier: GPL-2.0-only
/*
 * A thread that is blocked in a call, as its tracer dies, is still in the handler. It works
 * there, but who looks at where it is would not know the place: pthread_cancel() does. So the
 * process that started the tracer (trace.c) looks for such threads, by what they have mapped.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>

#include "boot.h"
#include "memory.h"
#include "rescue.h"
#include "unwind.h"

/* Return: the base of a space whose tracer is dead, or 0. */
static uint64_t find_base(pid_t process)
{
	struct mapping mapping;
	uint32_t owner;

	if (!memory_find(process, SPACE_MAPPING, &mapping) ||
	    memory_read(process, mapping.start, &owner, sizeof(owner)) !=
		    sizeof(owner) ||
	    !(owner & FUTEX_DIED))
		return 0;
	return mapping.start - TEXT_SIZE;
}

static int seize_threads(pid_t process, struct space *space, long trace_options)
{
	char path[64];
	struct dirent *entry;
	int seized = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", process);
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		pid_t tid = atoi(entry->d_name);
		struct tracee *tracee;

		if (tid <= 0 || tracee_find(tid) ||
		    ptrace(PTRACE_SEIZE, tid, 0, trace_options))
			continue;
		tracee = tracee_new(tid);
		tracee->process = process;
		tracee->state = TRACEE_RUNS;
		tracee->space = space_get(space);
		ptrace(PTRACE_INTERRUPT, tid, 0, 0);
		seized++;
	}
	if (dir)
		closedir(dir);
	return seized;
}

void rescue_seize(long trace_options)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		pid_t process = atoi(entry->d_name);
		uint64_t base = process > 0 ? find_base(process) : 0;
		struct space *space = base ? space_copy(base) : NULL;

		if (!space)
			continue;
		/* Until there is no thread that another one has made meanwhile. */
		while (seize_threads(process, space, trace_options))
			;
		space_put(space);
	}
	if (dir)
		closedir(dir);
}

void rescue_slot(struct tracee *tracee)
{
	struct space *space = tracee->space;
	struct user_regs_struct regs;
	uint64_t at, slots = space->base + TEXT_SIZE + HEADER_SIZE;
	int slot = boot_slot(tracee->tid, space);
	struct slot *copy;

	if (slot < 0) {
		if (ptrace(PTRACE_GETREGS, tracee->tid, 0, &regs) ||
		    regs.rip - space->base >= TEXT_SIZE)
			return;
		/* A child that has not run yet has its parent's registers, and no slot. */
		if (!regs.rax && unwind_child(tracee->tid, space, &regs)) {
			ptrace(PTRACE_SETREGS, tracee->tid, 0, &regs);
			return;
		}
		/* It has disarmed itself; rbx has its slot while it is blocked. */
		at = regs.rbx - slots;
		if (at % SLOT_SIZE || at / SLOT_SIZE >= SLOTS)
			return;
		slot = at / SLOT_SIZE;
	}
	copy = space_slot(space, slot);
	if (space->owners[slot] ||
	    memory_read(tracee->tid, slots + (uint64_t)slot * SLOT_SIZE, copy,
			sizeof(*copy)) != sizeof(*copy))
		return;
	/* There is nobody to tell of what it was doing. */
	copy->active = ACTIVE_NOT;
	copy->head = copy->tail = 0;
	space->owners[slot] = tracee;
	tracee->slot = slot;
}
