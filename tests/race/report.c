// SPDX-License-Identifier: GPL-2.0-only
/*
 * What went wrong, where and after what; and how much of everything was done.
 * TAP comments; the counts are CSV behind "csv: ", which scripts/race-table reads.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "race.h"

bool failed(void)
{
	return sh->failure.set;
}

/* A failure that the coordinator itself has found. */
void failure(const char *what, u64 got, u64 want, const struct slot *of)
{
	struct failure *f = &sh->failure;
	int none = 0;

	sh->stop = 1;
	if (!__atomic_compare_exchange_n(&f->set, &none, 1, false,
					 __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		return;
	failure_text("", what);
	f->got = got;
	f->want = want;
	f->slot = of ? of - sh->slots : -1;
	f->gen = of ? of->gen : 0;
	f->thread = of ? 0 : -1;
	__atomic_store_n(&f->set, 2, __ATOMIC_SEQ_CST);
}

bool read_file(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = -1;

	if (fd >= 0) {
		n = read(fd, text, size - 1);
		close(fd);
	}
	text[n > 0 ? n : 0] = 0;
	return n > 0;
}

static void print_ring(const struct slot *slot, int thread)
{
	const struct beat *b = &slot->beat[thread];

	printf("# what worker %d, thread %d did last (step, operation, note):\n#",
	       (int)(slot - sh->slots), thread);
	for (u32 i = b->at > RING ? b->at - RING : 0; i < b->at; i++)
		printf(" %u:%s:%lx", b->ring[i % RING].step,
		       slot->role == R_WORKER ? op_name(b->ring[i % RING].op)
					      : "-",
		       b->ring[i % RING].note);
	printf("\n");
}

static void print_file(const char *format, int pid, int tid)
{
	char path[100], text[2000];

	snprintf(path, sizeof(path), format, pid, tid);
	if (!read_file(path, text, sizeof(text)))
		return;
	printf("# %s:\n", path);
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		printf("#   %s\n", line);
}

static void print_process(int pid)
{
	print_file("/proc/%d/status", pid, 0);
	print_file("/proc/%d/stack", pid, 0);
	print_file("/proc/%d/syscall", pid, 0);
}

static int tracer_of(int pid, int tid)
{
	char path[100], text[2000], *at;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/status", pid, tid);
	if (!read_file(path, text, sizeof(text)))
		return 0;
	at = strstr(text, "TracerPid:");
	return at ? atoi(at + strlen("TracerPid:")) : 0;
}

/* Where a thread hangs, and what it waits for. */
static void print_wait(const struct slot *slot, int thread)
{
	const struct beat *b = &slot->beat[thread];
	int tracer = tracer_of(slot->pid, b->tid);

	printf("# slot %d, thread %d, in %s", (int)(slot - sh->slots), thread,
	       slot->role == R_WORKER ? op_name(b->op) : "its role");
	if (b->waits)
		printf(", waits for %s %ld", b->waits, b->waits_for);
	printf("\n");
	print_file("/proc/%d/task/%d/status", slot->pid, b->tid);
	print_file("/proc/%d/task/%d/stack", slot->pid, b->tid);
	print_file("/proc/%d/task/%d/syscall", slot->pid, b->tid);
	if (b->waits && b->waits_for > 1)
		print_process(b->waits_for);
	if (tracer)
		print_process(tracer);
}

void print_failure(void)
{
	const struct failure *f = &sh->failure;
	static const char *const role[] = { "nobody", "worker", "tracer",
					    "ftrace", "bystander" };

	for (int i = 0; f->set == 1 && i < 1000; i++)
		usleep(1000);
	printf("# ");
	if (*f->file)
		printf("%s:%d: ", f->file, f->line);
	printf("%s: %#llx (%lld), wanted %#llx (%lld)\n", f->what,
	       (unsigned long long)f->got, (long long)f->got,
	       (unsigned long long)f->want, (long long)f->want);
	printf("# seed %#llx", (unsigned long long)sh->seed);
	if (f->slot >= 0)
		printf(", %s in slot %d, its life %u",
		       role[sh->slots[f->slot].role], f->slot, f->gen);
	if (f->thread >= 0)
		printf(", thread %d, step %u, process %d, thread id %d",
		       f->thread, f->step, f->pid, f->tid);
	printf("\n");
	if (f->slot >= 0 && f->thread >= 0) {
		print_ring(&sh->slots[f->slot], f->thread);
		print_wait(&sh->slots[f->slot], f->thread);
	}
	/* Who does not get on may wait for somebody else. */
	for (int i = 0; i < SLOTS && !*f->file; i++) {
		if (sh->slots[i].server)
			print_process(sh->slots[i].server);
		for (int t = 0; t < MAX_THREADS && sh->slots[i].pid; t++)
			if (sh->slots[i].beat[t].tid)
				print_wait(&sh->slots[i], t);
	}
}

/* What is counted, and the column of scripts/race-table that it is added to. */
static const struct {
	const char *group, *what, *column;
} kinds[] = {
	[K_arm] = { "ops", "arm", "ops" },
	[K_rearm] = { "ops", "re-arm", "ops" },
	[K_disarm] = { "ops", "disarm", "ops" },
	[K_refused] = { "ops", "refused SET", "ops" },
	[K_region] = { "ops", "region change", "ops" },
	[K_ranges] = { "ops", "ranges" },
	[K_listed] = { "ops", "LIST", "ops" },
	[K_flip] = { "ops", "selector flip", "ops" },
	[K_vanish] = { "ops", "selector page emptied", "ops" },
	[K_run] = { "calls", "natural", "run" },
	[K_sigsys] = { "calls", "sigsys", "handed" },
	[K_regs] = { "calls", "upcall regs", "handed" },
	[K_frames] = { "calls", "upcall frames", "handed" },
	[K_notify] = { "calls", "answered by a listener", "handed" },
	[K_late] = { "calls", "answers that came too late" },
	[K_either] = { "calls", "either way" },
	[K_int80] = { "calls", "of them by int 0x80" },
	[K_compat] = { "calls", "from 32-bit code" },
	[K_restart] = { "calls", "restart numbers" },
	[K_mapped] = { "calls", "armed by a control area" },
	[K_mapped_frames] = { "calls", "upcall frames in a control area",
			      "handed" },
	[K_nested] = { "calls", "in signal handlers" },
	[K_prctl] = { "calls", "armed by prctl" },
	[K_uprobed] = { "calls", "of probed code" },
	[K_fork] = { "family", "fork", "ops" },
	[K_vfork] = { "family", "vfork", "ops" },
	[K_clone_vm] = { "family", "clone VM", "ops" },
	[K_thread] = { "family", "thread", "ops" },
	[K_inherit] = { "family", "of them armed", "ops" },
	[K_exec] = { "family", "exec", "ops" },
	[K_exec_thread] = { "family", "exec by thread", "ops" },
	[K_exit] = { "family", "exit", "ops" },
	[K_life] = { "family", "worker", "ops" },
	[K_kill_worker] = { "kills", "worker", "kills" },
	[K_kill_child] = { "kills", "child", "kills" },
	[K_kill_tracer] = { "kills", "tracer", "kills" },
	[K_stop] = { "kills", "stop" },
	[K_usr1] = { "kills", "other signal" },
	[K_bad_selector] = { "faults", "bad selector", "faults" },
	[K_no_selector] = { "faults", "selector gone", "faults" },
	[K_bad_fs] = { "faults", "bad FS base", "faults" },
	[K_bad_top] = { "faults", "bad frame top", "faults" },
	[K_sigsys_blocked] = { "faults", "SIGSYS blocked", "faults" },
	[K_in_hook] = { "faults", "sleep in the hook", "faults" },
	[K_nth] = { "faults", "failed allocation or copy", "failed" },
	[K_seize] = { "ptrace", "seize" },
	[K_stops] = { "ptrace", "stop", "stops" },
	[K_step] = { "ptrace", "step" },
	[K_stepped_over] = { "ptrace", "step over a call" },
	[K_get_task] = { "ptrace", "GET_TASK" },
	[K_set_task] = { "ptrace", "SET_TASK", "ops" },
	[K_asked] = { "ptrace", "asked by a parent that traces nobody" },
	[K_disturb] = { "ptrace", "other configuration" },
	[K_tracee] = { "ptrace", "own child" },
	[K_ftrace] = { "tracing", "tracer", "ops" },
	[K_kprobe] = { "tracing", "kprobe", "ops" },
	[K_event] = { "tracing", "event", "ops" },
	[K_uprobe] = { "tracing", "uprobe", "ops" },
	[K_refused_unload] = { "module", "refused unload" },
	[K_load] = { "module", "load", "loads" },
	[K_bystander] = { "module", "calls of bystanders" },
	[K_list] = { "module", "armed threads listed" },
};

static_assert(ARRAY_SIZE(kinds) == KIND_COUNT, "enum kind");

void report(void)
{
	printf("# csv: group,what,column,count\n");
	for (u32 i = 0; i < KIND_COUNT; i++)
		printf("# csv: %s,%s,%s,%llu\n", kinds[i].group, kinds[i].what,
		       kinds[i].column ? kinds[i].column : "-",
		       (unsigned long long)sh->counts[i]);
}
