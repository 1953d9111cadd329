// SPDX-License-Identifier: GPL-2.0-only
/*
 * One thread of sudctl's waits for the traced threads and reads their rings in turn. A
 * traced thread stops here as it begins, at exec, for a signal, and never for a call.
 */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "boot.h"
#include "command.h"
#include "drain.h"
#include "events.h"
#include "memory.h"
#include "options.h"
#include "print.h"
#include "rescue.h"
#include "sudctl/sudctl.h"
#include "tracee.h"
#include "unwind.h"

#define SYSCALL_STOP (SIGTRAP | 0x80)

static pid_t command;
static int command_status;
static bool detaching, rescuing;

static long trace_options(void)
{
	long what = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC;

	if (options.follow)
		what |= PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
			PTRACE_O_TRACECLONE;
	return what;
}

static bool runs_boot(const struct tracee *tracee)
{
	return tracee->state == TRACEE_BOOTS || tracee->state == TRACEE_LEAVES;
}

/* A thread that has died meanwhile is reported by its own end. */
static void go_on(const struct tracee *tracee, int sig)
{
	ptrace(runs_boot(tracee) ? PTRACE_SYSCALL : PTRACE_CONT, tracee->tid, 0,
	       (long)sig);
}

static void leave_untraced(struct tracee *tracee, const char *why)
{
	if (!tracee->untraced)
		sudctl_error("%d is not traced: %s", tracee->tid, why);
	tracee->untraced = true;
	tracee->state = TRACEE_RUNS;
}

/* Out of the handler, with what it had in hand printed. */
static void move_out(struct tracee *tracee)
{
	struct user_regs_struct regs;
	int64_t result;
	bool recorded;

	if (ptrace(PTRACE_GETREGS, tracee->tid, 0, &regs))
		return;
	drain();
	switch (unwind(tracee, &regs, &result, &recorded)) {
	case UNWOUND_NOT:
		return;
	case UNWOUND_AFTER:
		if (!recorded)
			drain_unfinished(tracee, &result);
		break;
	case UNWOUND_BEFORE:
		break;
	}
	ptrace(PTRACE_SETREGS, tracee->tid, 0, &regs);
}

static void detach_now(struct tracee *tracee, int sig)
{
	ptrace(PTRACE_DETACH, tracee->tid, 0, (long)sig);
	tracee_delete(tracee);
}

/*
 * The last thread in its memory takes the space away before it goes. Not that of a tracer
 * that was killed: since then a signal may have come to a thread in the handler, and its
 * frame leads back there. Nor do those who share the memory know of each other then.
 */
static void detach(struct tracee *tracee, int sig)
{
	move_out(tracee);
	boot_disarm(tracee);
	if (!sig && !rescuing && tracee->space &&
	    !tracee_shares_memory(tracee) && !boot_leave(tracee)) {
		tracee->state = TRACEE_LEAVES;
		go_on(tracee, 0);
		return;
	}
	detach_now(tracee, sig);
}

static void arm(struct tracee *tracee, struct space *space)
{
	const char *why = NULL;

	tracee->state = TRACEE_RUNS;
	if (space && space->file < 0)
		why = "its parent was killed as it made it";
	else if (space)
		why = boot_arm(tracee, space);
	if (why)
		leave_untraced(tracee, why);
}

static void boot(struct tracee *tracee)
{
	const char *why;

	tracee->state = TRACEE_RUNS;
	if (!options.any_shown && !options.rule_count)
		return;
	why = boot_start(tracee);
	if (why)
		leave_untraced(tracee, why);
	else
		tracee->state = TRACEE_BOOTS;
}

/* A child that has not run yet leaves the handler, where its parent is. */
static void move_child_out(struct tracee *child)
{
	struct space *space = child->parent_space;
	struct user_regs_struct regs;

	if (space && !ptrace(PTRACE_GETREGS, child->tid, 0, &regs) &&
	    unwind_child(child->tid, space, &regs))
		ptrace(PTRACE_SETREGS, child->tid, 0, &regs);
}

static void arm_child(struct tracee *child)
{
	struct space *space = child->parent_space;

	move_child_out(child);
	arm(child, space);
	child->parent_space = NULL;
	space_put(space);
	child->waits = false;
	go_on(child, 0);
}

/* @space: what its parent's image has mapped, with a reference for the child; or NULL */
static void know_parent(struct tracee *child, struct space *space)
{
	child->process = memory_status(child->tid, "Tgid", 10);
	child->parent_known = true;
	child->parent_space = space;
}

/* The parent's event says who it is, before or behind its own first stop. */
static struct tracee *meet_child(const struct tracee *parent)
{
	struct tracee *child;
	unsigned long tid;

	if (ptrace(PTRACE_GETEVENTMSG, parent->tid, 0, &tid))
		return NULL;
	child = tracee_find(tid);
	if (!child)
		child = tracee_new(tid);
	if (!child->parent_known)
		know_parent(child,
			    parent->space ? space_get(parent->space) : NULL);
	return child;
}

static void on_child(struct tracee *parent)
{
	struct tracee *child = meet_child(parent);

	if (child && child->waits)
		arm_child(child);
	go_on(parent, 0);
}

static struct tracee *same_process;

static void find_space(struct tracee *tracee)
{
	if (tracee->process != same_process->process)
		return;
	if (tracee->space || tracee->state == TRACEE_BOOTS)
		same_process = tracee;
}

/* Of a process that sudctl attaches to: one thread boots, the others wait for it. */
static void on_attached(struct tracee *tracee)
{
	same_process = tracee;
	tracee_each(find_space);
	if (same_process == tracee) {
		boot(tracee);
	} else if (same_process->space) {
		arm(tracee, same_process->space);
	} else {
		tracee->waits = true;
		return;
	}
	go_on(tracee, 0);
}

static void arm_waiting(struct tracee *tracee)
{
	if (tracee->state != TRACEE_ATTACHED || !tracee->waits ||
	    tracee->process != same_process->process)
		return;
	tracee->waits = false;
	if (same_process->untraced)
		leave_untraced(tracee, "its process is not");
	else
		arm(tracee, same_process->space);
	go_on(tracee, 0);
}

static void warn_of_set_id(pid_t pid)
{
	char path[64];
	struct stat file;

	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	if (geteuid() && !stat(path, &file) && file.st_mode & S_ISUID &&
	    file.st_uid != geteuid())
		sudctl_error(
			"%d is set-user-ID, and runs without its owner's rights, as under any tracer",
			pid);
}

static void on_exec(struct tracee *tracee)
{
	struct tracee *caller = NULL;
	unsigned long tid;

	/* A thread that is not the leader takes over its number; the others are gone. */
	if (!ptrace(PTRACE_GETEVENTMSG, tracee->tid, 0, &tid) &&
	    (pid_t)tid != tracee->tid)
		caller = tracee_find(tid);
	drain();
	print_exec(caller ? caller : tracee);
	if (caller)
		tracee_delete(caller);
	tracee_leave_space(tracee);
	tracee->process = tracee->tid;
	tracee->untraced = false;
	warn_of_set_id(tracee->tid);
	boot(tracee);
	go_on(tracee, 0);
}

static void send_deferred(struct tracee *tracee)
{
	int i;

	for (i = 0; i < tracee->deferred_count; i++) {
		siginfo_t *info = &tracee->deferred[i];

		if (syscall(SYS_rt_tgsigqueueinfo, tracee->process, tracee->tid,
			    info->si_signo, info))
			syscall(SYS_tgkill, tracee->process, tracee->tid,
				info->si_signo);
	}
	tracee->deferred_count = 0;
}

static void on_leaving(struct tracee *tracee)
{
	const char *why;

	if (boot_stop(tracee, &why) == BOOT_GOES_ON) {
		go_on(tracee, 0);
		return;
	}
	send_deferred(tracee);
	detach_now(tracee, 0);
}

static void on_boot_stop(struct tracee *tracee)
{
	const char *why;

	switch (boot_stop(tracee, &why)) {
	case BOOT_GOES_ON:
		break;
	case BOOT_FAILED:
		leave_untraced(tracee, why);
		break;
	case BOOT_DONE:
		tracee->state = TRACEE_RUNS;
		break;
	}
	if (tracee->state == TRACEE_RUNS) {
		send_deferred(tracee);
		same_process = tracee;
		tracee_each(arm_waiting);
		if (detaching) {
			detach(tracee, 0);
			return;
		}
	}
	go_on(tracee, 0);
}

static void on_signal(struct tracee *tracee, int sig)
{
	struct user_regs_struct regs;
	siginfo_t info;

	memset(&info, 0, sizeof(info));
	if (ptrace(PTRACE_GETSIGINFO, tracee->tid, 0, &info))
		info.si_signo = sig;
	if (runs_boot(tracee)) {
		if (tracee->deferred_count < DEFERRED)
			tracee->deferred[tracee->deferred_count++] = info;
		go_on(tracee, 0);
		return;
	}
	if ((sig == SIGSEGV || sig == SIGBUS) && info.si_code > 0 &&
	    !ptrace(PTRACE_GETREGS, tracee->tid, 0, &regs) &&
	    unwind_fault(tracee, &regs)) {
		ptrace(PTRACE_SETREGS, tracee->tid, 0, &regs);
		go_on(tracee, 0);
		return;
	}
	move_out(tracee);
	print_signal(tracee, &info);
	go_on(tracee, sig);
}

static bool stops_group(int sig)
{
	return sig == SIGSTOP || sig == SIGTSTP || sig == SIGTTIN ||
	       sig == SIGTTOU;
}

static void on_event_stop(struct tracee *tracee, int sig)
{
	if (stops_group(sig)) {
		move_out(tracee);
		print_stop(tracee, sig);
		ptrace(PTRACE_LISTEN, tracee->tid, 0, 0);
	} else if (tracee->state == TRACEE_ATTACHED) {
		on_attached(tracee);
	} else if (tracee->state != TRACEE_NEW) {
		go_on(tracee, 0);
	} else if (tracee->parent_known) {
		arm_child(tracee);
	} else {
		tracee->waits = true;
	}
}

static void set_status(int status)
{
	command_status = WIFSIGNALED(status) ? 0x100 | WTERMSIG(status)
					     : WEXITSTATUS(status);
}

static void on_end(struct tracee *tracee, int status)
{
	drain();
	drain_unfinished(tracee, NULL);
	print_end(tracee, status);
	if (tracee->tid == command)
		set_status(status);
	tracee_delete(tracee);
}

/* It has stopped for the first time, and its parent is known. */
static void let_child_go(struct tracee *child)
{
	move_child_out(child);
	detach_now(child, 0);
}

/* At a stop, while sudctl leaves. */
static void let_go(struct tracee *tracee, int sig, int event)
{
	struct tracee *child;

	switch (event) {
	case PTRACE_EVENT_FORK:
	case PTRACE_EVENT_VFORK:
	case PTRACE_EVENT_CLONE:
		child = meet_child(tracee);
		if (child && child->waits)
			let_child_go(child);
		/* The call is not over, and its result not there. */
		ptrace(PTRACE_INTERRUPT, tracee->tid, 0, 0);
		go_on(tracee, 0);
		return;
	case PTRACE_EVENT_EXEC:
		/* What it had mapped is gone, and it is off. */
		tracee_leave_space(tracee);
		detach_now(tracee, 0);
		return;
	case PTRACE_EVENT_STOP:
		if (tracee->state == TRACEE_NEW) {
			if (tracee->parent_known)
				let_child_go(tracee);
			else
				tracee->waits = true;
			return;
		}
		if (!stops_group(sig))
			break;
		/* It stays stopped: no code runs there to unmap the space. */
		move_out(tracee);
		boot_disarm(tracee);
		detach_now(tracee, 0);
		return;
	}
	detach(tracee, event || sig == SYSCALL_STOP ? 0 : sig);
}

/* A child has waited for its parent's event since the last look, or longer. */
static void adopt(struct tracee *child)
{
	if (child->state != TRACEE_NEW || !child->waits)
		return;
	if (!child->looked_at) {
		child->looked_at = true;
		return;
	}
	know_parent(child, space_of(child->tid));
	if (detaching)
		let_child_go(child);
	else
		arm_child(child);
}

#define PATIENCE 100 /* milliseconds between looks */

/* There is no event of a parent that was killed before it could stop for it. */
static void look_for_orphans(void)
{
	static long last;
	struct timespec time;
	long now;

	clock_gettime(CLOCK_MONOTONIC, &time);
	now = time.tv_sec * 1000 + time.tv_nsec / 1000000;
	if (now - last < PATIENCE)
		return;
	last = now;
	tracee_each(adopt);
}

static void on_status(pid_t tid, int status)
{
	struct tracee *tracee = tracee_find(tid);
	int sig = WSTOPSIG(status), event = status >> 16;

	if (!WIFSTOPPED(status)) {
		if (tracee)
			on_end(tracee, status);
		return;
	}
	/* A child whose parent's event is still to come. */
	if (!tracee)
		tracee = tracee_new(tid);

	if (rescuing && tracee->space && tracee->slot < 0)
		rescue_slot(tracee);
	if (detaching && !runs_boot(tracee)) {
		let_go(tracee, sig, event);
		return;
	}
	switch (event) {
	case PTRACE_EVENT_FORK:
	case PTRACE_EVENT_VFORK:
	case PTRACE_EVENT_CLONE:
		on_child(tracee);
		break;
	case PTRACE_EVENT_EXEC:
		on_exec(tracee);
		break;
	case PTRACE_EVENT_STOP:
		on_event_stop(tracee, sig);
		break;
	case 0:
		if (sig == SYSCALL_STOP && tracee->state == TRACEE_BOOTS)
			on_boot_stop(tracee);
		else if (sig == SYSCALL_STOP && tracee->state == TRACEE_LEAVES)
			on_leaving(tracee);
		else if (sig == SYSCALL_STOP)
			go_on(tracee, 0);
		else
			on_signal(tracee, sig);
		break;
	default:
		go_on(tracee, 0);
	}
}

static void interrupt(struct tracee *tracee)
{
	/* One that waits has stopped already; if for its parent's event, that comes, or adopt(). */
	if (tracee->waits && tracee->state == TRACEE_NEW)
		return;
	if (tracee->waits)
		detach(tracee, 0);
	else
		ptrace(PTRACE_INTERRUPT, tracee->tid, 0, 0);
}

static void start_detaching(void)
{
	detaching = true;
	tracee_each(interrupt);
}

void events_signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGCHLD);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGHUP);
	sigaddset(set, SIGINT);
}

/*
 * Sleeps until a traced thread has something to tell, or for so long.
 * Return: a signal that says to end, or 0.
 */
static int wait_for_news(long nanoseconds)
{
	struct timespec limit = { nanoseconds / 1000000000,
				  nanoseconds % 1000000000 };
	sigset_t set;
	int sig;

	events_signals(&set);
	/* A command gets it from the terminal, too, and it is for that to end. */
	if (command)
		sigdelset(&set, SIGINT);
	sig = sigtimedwait(&set, NULL, &limit);
	return sig > 0 && sig != SIGCHLD ? sig : 0;
}

#define SHORTEST 200000L /* nanoseconds */
#define LONGEST 20000000L

int events_loop(void)
{
	long pause = SHORTEST;
	int end_by = 0;

	while (tracee_count) {
		int status, sig;
		pid_t tid;

		look_for_orphans();
		tid = waitpid(-1, &status, __WALL | WNOHANG);
		if (tid > 0) {
			on_status(tid, status);
			pause = SHORTEST;
			continue;
		}
		if (tid < 0 && errno == ECHILD)
			break;
		if (drain()) {
			pause = SHORTEST;
			continue;
		}
		if (print_failed() && !detaching)
			start_detaching();
		print_flush();
		sig = wait_for_news(pause);
		pause = pause < LONGEST ? 2 * pause : LONGEST;
		if (sig && !detaching) {
			end_by = sig;
			start_detaching();
		}
	}
	/* Its output cannot be written, and the command goes on untraced. */
	if (command && detaching && !end_by) {
		int status;

		if (waitpid(command, &status, 0) == command)
			set_status(status);
	}
	if (end_by)
		return command || end_by != SIGINT ? 0x100 | end_by : 0;
	return command_status;
}

bool events_start(char **argv, int *status)
{
	int failed;

	command = command_start(argv, trace_options(), &failed, status);
	if (command < 0)
		return false;
	/* Its exec's stop, or its end. */
	for (;;) {
		int what;

		if (waitpid(command, &what, __WALL) != command)
			return false;
		if (!WIFSTOPPED(what)) {
			command_failed(argv[0], failed);
			*status = 126;
			return false;
		}
		on_status(command, what);
		if (what >> 16 == PTRACE_EVENT_EXEC)
			break;
	}
	close(failed);
	return true;
}

static int seize(pid_t process, pid_t tid)
{
	struct tracee *tracee;

	if (ptrace(PTRACE_SEIZE, tid, 0, trace_options()))
		return -errno;
	tracee = tracee_new(tid);
	tracee->process = process;
	tracee->state = TRACEE_ATTACHED;
	ptrace(PTRACE_INTERRUPT, tid, 0, 0);
	return 0;
}

bool events_attach(pid_t process)
{
	char path[64];
	struct dirent *entry;
	int found, any = 0, err = ESRCH;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", process);
	/* Until there is no thread that another one has made meanwhile. */
	do {
		found = 0;
		dir = opendir(path);
		while (dir && (entry = readdir(dir))) {
			pid_t tid = atoi(entry->d_name);
			int ret;

			if (tid <= 0 || tracee_find(tid))
				continue;
			ret = seize(process, tid);
			if (!ret)
				found++;
			else if (ret != -ESRCH)
				err = -ret;
		}
		if (dir)
			closedir(dir);
		any += found;
	} while (found);
	if (!any)
		sudctl_error("%d cannot be traced: %s", process, strerror(err));
	return any;
}

bool events_rescue(void)
{
	rescuing = true;
	detaching = true;
	rescue_seize(trace_options());
	if (!tracee_count)
		return false;
	events_loop();
	return true;
}
