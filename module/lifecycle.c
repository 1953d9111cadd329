// SPDX-License-Identifier: GPL-2.0-only
/*
 * fork, exec and exit, by the scheduler's tracepoints. Probes may run with
 * preemption off and sleep nowhere.
 *
 * fork		in the parent, before the child can run: the child is off, or
 *		inherits. task_newtask, because sched_process_fork is silent
 *		about the workers of io_uring and vhost
 * exec		in the thread, before the new image runs: it is off
 * exit		in the thread, past PF_EXITING: it is off and its state freed
 */
#include <linux/tracepoint.h>

#include "compat/gate.h"
#include "compat/probes.h"
#include "inherit.h"
#include "lifecycle.h"
#include "task.h"
#include "log.h"

static void on_fork(struct task_struct *child, unsigned long clone_flags)
{
	sud_gate_fork(child, sud_task_armed(current));
	if (!(child->flags & SUD_PROBE_WORKERS))
		sud_inherit_child(child, clone_flags);
}

SUD_DEFINE_NEWTASK_PROBES(on_fork)

static void on_exec(void *data, struct task_struct *task, pid_t old_pid,
		    struct linux_binprm *bprm)
{
	sud_task_exec();
}

static void on_exit(void)
{
	sud_task_exit();
}

SUD_DEFINE_EXIT_PROBES(on_exit)

static struct probe {
	const char *name;
	void *function;
	struct tracepoint *tracepoint;
} probes[] = {
	{ .name = "task_newtask", .function = SUD_NEWTASK_PROBE(on_fork) },
	{ .name = "sched_process_exec", .function = on_exec },
	{ .name = "sched_process_exit", .function = SUD_EXIT_PROBE(on_exit) },
};

static void find_probe(struct tracepoint *tracepoint, void *data)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(probes); i++)
		if (!strcmp(tracepoint->name, probes[i].name))
			probes[i].tracepoint = tracepoint;
}

/* The probes are called without a type check; this is one. */
static void __maybe_unused check_types(void)
{
	check_trace_callback_type_task_newtask(SUD_NEWTASK_PROBE(on_fork));
	check_trace_callback_type_sched_process_exec(on_exec);
	check_trace_callback_type_sched_process_exit(SUD_EXIT_PROBE(on_exit));
}

static void unregister_first(int n)
{
	while (n--)
		tracepoint_probe_unregister(probes[n].tracepoint,
					    probes[n].function, NULL);
	tracepoint_synchronize_unregister();
}

int sud_lifecycle_init(void)
{
	int err, i;

	for_each_kernel_tracepoint(find_probe, NULL);

	for (i = 0; i < ARRAY_SIZE(probes); i++) {
		err = -ENOENT;
		if (probes[i].tracepoint)
			err = tracepoint_probe_register(
				probes[i].tracepoint, probes[i].function, NULL);
		if (err) {
			pr_err("no tracepoint %s (%d); %s\n", probes[i].name,
			       err, sud_hint(err));
			unregister_first(i);
			return err;
		}
	}
	return 0;
}

void sud_lifecycle_exit(void)
{
	unregister_first(ARRAY_SIZE(probes));
}
