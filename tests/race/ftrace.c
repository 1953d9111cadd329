// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tracers, kprobes, kretprobes and events on the hooked function and beside it,
 * uprobes and uretprobes on the workers' code: on and off all the time. And the
 * system call events, in an instance of their own, which must not show what was
 * dispatched.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "race.h"

#define TRACING "/sys/kernel/tracing/"
#define INSTANCE TRACING "instances/race/"

static struct self *me = &selves[0];
static char hooked[64], exe[200];

static bool put(const char *path, const char *text, int flags)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC | flags);
	bool ok;

	if (fd < 0)
		return false;
	ok = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	close(fd);
	return ok;
}

static void must(const char *path, const char *text, int flags)
{
	char what[200];

	if (put(path, text, flags))
		return;
	snprintf(what, sizeof(what), "write of \"%s\" to %s", text, path);
	FAIL(me, what, 0, 0);
}

static bool contains(const char *path, const char *text)
{
	static char data[65536];
	size_t keep = 0;
	ssize_t n;
	bool found = false;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return false;
	/* A piece at a time, and the end of each once more. */
	while (!found &&
	       (n = read(fd, data + keep, sizeof(data) - 1 - keep)) > 0) {
		data[keep + n] = 0;
		found = strstr(data, text);
		size_t all = keep + n;

		keep = all < 64 ? all : 64;
		memmove(data, data + all - keep, keep);
	}
	close(fd);
	return found;
}

/* What a switch turns on and, the next time, off. */
struct toggle {
	void (*fn)(bool on);
	enum kind kind;
	bool on;
};

static void set_tracer(const char *name, bool on)
{
	if (on) {
		must(TRACING "set_ftrace_filter", hooked, O_TRUNC);
		must(TRACING "current_tracer", name, O_TRUNC);
	} else {
		must(TRACING "current_tracer", "nop", O_TRUNC);
		must(TRACING "set_ftrace_filter", "\n", O_TRUNC);
	}
}

static void function(bool on)
{
	set_tracer("function", on);
}

static void graph(bool on)
{
	set_tracer("function_graph", on);
}

static void probe(const char *events, const char *name, const char *line,
		  bool on)
{
	char path[200], text[64];

	snprintf(path, sizeof(path), TRACING "events/race/%s/enable", name);
	if (on) {
		must(events, line, O_APPEND);
		must(path, "1", O_TRUNC);
		return;
	}
	must(path, "0", O_TRUNC);
	snprintf(text, sizeof(text), "-:race/%s\n", name);
	must(events, text, O_APPEND);
}

static void kernel_probe(const char *name, const char *kind, bool on)
{
	char line[200];

	snprintf(line, sizeof(line), "%s:race/%s %s\n", kind, name, hooked);
	probe(TRACING "kprobe_events", name, line, on);
}

static void kprobe(bool on)
{
	kernel_probe("k", "p", on);
}

static void kretprobe(bool on)
{
	kernel_probe("kr", "r", on);
}

static unsigned long file_offset(const void *function)
{
	extern char __ehdr_start[];
	const Elf64_Ehdr *eh = (const void *)__ehdr_start;
	const Elf64_Phdr *ph = (const void *)(__ehdr_start + eh->e_phoff);

	for (int i = 0; i < eh->e_phnum; i++)
		if (ph[i].p_type == PT_LOAD &&
		    (unsigned long)function - ph[i].p_vaddr < ph[i].p_memsz)
			return (unsigned long)function - ph[i].p_vaddr +
			       ph[i].p_offset;
	FAIL(me, "the function is in no segment", function, 0);
}

static void user_probe(const char *name, const char *kind, const void *function,
		       bool on)
{
	char line[300];

	snprintf(line, sizeof(line), "%s:race/%s %s:0x%lx\n", kind, name, exe,
		 file_offset(function));
	probe(TRACING "uprobe_events", name, line, on);
}

static void uprobe(bool on)
{
	user_probe("u", "p", race_probed, on);
}

static void uretprobe(bool on)
{
	user_probe("ur", "r", race_probed, on);
}

/* The probes of lifecycle.c are not alone at their tracepoints. */
static void lifecycle_events(bool on)
{
	must(TRACING "events/task/task_newtask/enable", on ? "1" : "0",
	     O_TRUNC);
	must(TRACING "events/sched/sched_process_exec/enable", on ? "1" : "0",
	     O_TRUNC);
	must(TRACING "events/sched/sched_process_exit/enable", on ? "1" : "0",
	     O_TRUNC);
}

/* The module's own, which come and go with it: not there is no failure. */
static void own_events(bool on)
{
	int fd = open(TRACING "events/sud/enable", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, on ? "1" : "0", 1) < 0)
		note(me, errno);
	close(fd);
}

static void call_event(const char *name, const char *shown, bool on)
{
	char path[200];

	snprintf(path, sizeof(path), INSTANCE "events/raw_syscalls/%s/enable",
		 name);
	must(path, on ? "1" : "0", O_TRUNC);
	if (!on && contains(INSTANCE "trace", shown))
		FAIL(me, "a tracepoint saw a call that was dispatched", 0, 0);
}

static void call_enter(bool on)
{
	call_event("sys_enter", "sys_enter: NR 9285", on);
}

static void call_exit(bool on)
{
	/*
	 * A dispatched call has its number in ax; one that dies of a bad
	 * selector is shown with ENOSYS, as native SUD shows it.
	 *
	 * Without native SUD, on 5.10, the bits that show an exit come and go
	 * with the event; between the hook and the exit, one can come.
	 */
	call_event("sys_exit",
		   sh->native ? "sys_exit: NR 9285 = 9285" : "no such line",
		   on);
}

/*
 * No uprobe on a nop, of which 7.2 makes a call: it warns when SIGKILL comes in the
 * midst of that (arch_uprobe_optimize(), -EINTR). tests/hook/uprobes.c has them.
 */
static struct toggle toggles[] = {
	{ .fn = function, .kind = K_ftrace },
	{ .fn = graph, .kind = K_ftrace },
	{ .fn = kprobe, .kind = K_kprobe },
	{ .fn = kretprobe, .kind = K_kprobe },
	{ .fn = uprobe, .kind = K_uprobe },
	{ .fn = uretprobe, .kind = K_uprobe },
	{ .fn = lifecycle_events, .kind = K_event },
	{ .fn = own_events, .kind = K_event },
	{ .fn = call_enter, .kind = K_event },
	{ .fn = call_exit, .kind = K_event },
};

static void toggle(struct toggle *t)
{
	/* There is one current tracer. */
	if (t < &toggles[2] && !t->on && toggles[t == toggles].on)
		return;
	t->on = !t->on;
	t->fn(t->on);
	if (t->on)
		count_n(t->kind, 1);
}

/* The function's name on this kernel, as module/hook.c finds it. */
static void find_hooked(void)
{
	strcpy(hooked, contains("/proc/kallsyms", " syscall_user_dispatch")
			       ? "syscall_user_dispatch"
			       : "syscall_trace_enter.constprop.0");
}

void ftrace(struct slot *slot)
{
	ssize_t n;

	process_init(slot);
	me->beat = &slot->beat[0];
	me->beat->tid = proc.pid;
	me->tid = proc.pid;
	me->pid = proc.pid;
	n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	exe[n > 0 ? n : 0] = 0;
	find_hooked();
	rmdir(INSTANCE);
	if (mkdir(INSTANCE, 0700))
		FAIL(me, "mkdir of " INSTANCE, 0, 0);
	put(INSTANCE "buffer_size_kb", "64", O_TRUNC);
	must(INSTANCE "events/raw_syscalls/sys_enter/filter", "id == 9285",
	     O_TRUNC);
	must(INSTANCE "events/raw_syscalls/sys_exit/filter", "id == 9285",
	     O_TRUNC);
	for (u32 step = 1; !sh->stop; step++) {
		me->rng = mix(mix(sh->seed ^ (u64)proc.slot << 56) + step);
		me->beat->step = step;
		u32 i = below(me, ARRAY_SIZE(toggles));

		note(me, i);
		toggle(&toggles[i]);
		sleep_us(1000 + below(me, 20000));
	}
	for (u32 i = 0; i < ARRAY_SIZE(toggles); i++)
		if (toggles[i].on)
			toggle(&toggles[i]);
	rmdir(INSTANCE);
	_exit(0);
}
