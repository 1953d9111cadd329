// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "args.h"
#include "filter.h"
#include "options.h"
#include "sudctl/sudctl.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct {
	const char *name;
	const char *calls; /* with a comma before and behind each */
} classes[] = {
	{ "%process",
	  ",fork,vfork,clone,clone3,execve,execveat,exit,exit_group,wait4,waitid,kill,"
	  "tkill,tgkill,pidfd_open,pidfd_send_signal," },
	{ "%network",
	  ",socket,socketpair,connect,accept,accept4,bind,listen,sendto,recvfrom,"
	  "sendmsg,recvmsg,sendmmsg,recvmmsg,shutdown,getsockname,getpeername,"
	  "setsockopt,getsockopt," },
	{ "%memory",
	  ",brk,mmap,munmap,mprotect,pkey_mprotect,mremap,madvise,mlock,mlock2,munlock,"
	  "mlockall,munlockall,msync,mincore,shmat,shmdt,membarrier," },
	{ "%signal",
	  ",rt_sigaction,rt_sigprocmask,rt_sigreturn,rt_sigpending,rt_sigtimedwait,"
	  "rt_sigqueueinfo,rt_tgsigqueueinfo,rt_sigsuspend,sigaltstack,kill,tkill,tgkill,"
	  "pause,signalfd,signalfd4," },
};

void filter_start(bool shown)
{
	static const int special[] = {
		SYS_rt_sigreturn, SYS_fork,   SYS_vfork,    SYS_clone,
		SYS_clone3,	  SYS_execve, SYS_execveat, SYS_ioctl,
		SYS_seccomp,	  SYS_prctl,
	};
	size_t i;
	int nr;

	for (nr = 0; nr < CALLS; nr++) {
		options.calls[nr].flags = shown ? CALL_SHOWN : 0;
		call_captures(nr, &options.calls[nr]);
	}
	for (i = 0; i < COUNT(special); i++)
		options.calls[special[i]].flags |= CALL_SPECIAL;
	options.calls[SYS_exit].flags |= CALL_NO_RETURN;
	options.calls[SYS_exit_group].flags |= CALL_NO_RETURN;
	options.any_shown = shown;
}

static void show(int nr, bool shown)
{
	if (shown)
		options.calls[nr].flags |= CALL_SHOWN;
	else
		options.calls[nr].flags &= ~CALL_SHOWN;
}

static bool in_class(const char *list, int nr)
{
	const char *name = call_name(nr), *at = list;

	while (name && (at = strstr(at, name))) {
		if (at[-1] == ',' && at[strlen(name)] == ',')
			return true;
		at++;
	}
	return false;
}

static bool show_named(const char *name, bool shown)
{
	size_t i;
	int nr;

	if (!strcmp(name, "%file") || !strcmp(name, "file")) {
		for (nr = 0; nr < CALLS; nr++)
			if (call_takes_path(nr))
				show(nr, shown);
		return true;
	}
	for (i = 0; i < COUNT(classes); i++) {
		if (strcmp(name, classes[i].name) &&
		    strcmp(name, classes[i].name + 1))
			continue;
		for (nr = 0; nr < CALLS; nr++)
			if (in_class(classes[i].calls, nr))
				show(nr, shown);
		return true;
	}
	/* strace's way to name a call that not every machine has. */
	if (name[0] == '?')
		name++;
	nr = call_number(name);
	if (nr < 0) {
		sudctl_error("there is no system call \"%s\"", name);
		return false;
	}
	show(nr, shown);
	return true;
}

static bool show_list(char *list)
{
	bool negated = list[0] == '!';
	char *name;
	int nr;

	if (negated)
		list++;
	for (nr = 0; nr < CALLS; nr++)
		show(nr, negated);
	options.any_shown = true;
	if (!strcmp(list, "all") || !strcmp(list, "none")) {
		options.any_shown = (list[0] == 'a') != negated;
		for (nr = 0; nr < CALLS; nr++)
			show(nr, options.any_shown);
		return true;
	}
	while ((name = strsep(&list, ",")))
		if (*name && !show_named(name, !negated))
			return false;
	return true;
}

static bool number(const char *text, uint32_t *value, char **end)
{
	*value = strtoul(text, end, 10);
	return *end != text && *value;
}

/* N, N+, N+STEP, N..M, N..M+STEP */
static bool set_when(struct rule *rule, const char *text)
{
	char *end;

	if (!number(text, &rule->first, &end))
		return false;
	rule->last = rule->first;
	rule->step = 1;
	if (!strncmp(end, "..", 2) && !number(end + 2, &rule->last, &end))
		return false;
	if (*end == '+') {
		if (rule->last == rule->first)
			rule->last = UINT32_MAX;
		if (end[1] && !number(end + 1, &rule->step, &end))
			return false;
		if (*end == '+')
			end++;
	}
	return !*end && rule->last >= rule->first;
}

/* In microseconds, or with a unit. */
static bool set_delay(uint64_t *delay, const char *text)
{
	static const struct {
		const char *unit;
		uint64_t nanoseconds;
	} units[] = { { "", 1000 },
		      { "us", 1000 },
		      { "ms", 1000000 },
		      { "s", 1000000000 },
		      { "ns", 1 } };
	char *end;
	uint64_t value = strtoull(text, &end, 10);
	size_t i;

	for (i = 0; i < COUNT(units) && end != text; i++) {
		if (!strcmp(end, units[i].unit)) {
			*delay = value * units[i].nanoseconds;
			return true;
		}
	}
	return false;
}

static bool set_error(struct rule *rule, const char *text)
{
	char *end;
	long value = error_number(text);

	if (value < 0) {
		value = strtol(text, &end, 10);
		if (end == text || *end || value < 1 || value > 4095)
			return false;
	}
	rule->set_result = 1;
	rule->result = -value;
	return true;
}

static bool set_retval(struct rule *rule, const char *text)
{
	char *end;

	rule->set_result = 1;
	rule->result = strtoll(text, &end, 0);
	return end != text && !*end;
}

static bool set_signal(struct rule *rule, const char *text)
{
	char *end;

	rule->signal = signal_number(text);
	if (rule->signal < 0) {
		rule->signal = strtol(text, &end, 10);
		if (end == text || *end)
			return false;
	}
	return rule->signal > 0 && rule->signal <= 64;
}

static bool set_part(struct rule *rule, const char *part)
{
	const char *value = strchr(part, '=');
	size_t length = value ? value++ - part : 0;

	if (!value)
		return false;
#define IS(name) (length == strlen(name) && !strncmp(part, name, length))
	if (IS("error"))
		return set_error(rule, value);
	if (IS("retval"))
		return set_retval(rule, value);
	if (IS("signal"))
		return set_signal(rule, value);
	if (IS("delay_enter"))
		return set_delay(&rule->delay_enter, value);
	if (IS("delay_exit"))
		return set_delay(&rule->delay_exit, value);
	if (IS("when"))
		return set_when(rule, value);
#undef IS
	return false;
}

bool filter_inject(char *expression)
{
	struct rule rule = { .first = 1, .step = 1, .last = UINT32_MAX };
	char *calls = strsep(&expression, ":"), *part, *name;

	if (!expression) {
		sudctl_error(
			"\"%s\": what is to happen to it is missing, as in %s:error=ENOSPC",
			calls, calls);
		return false;
	}
	while ((part = strsep(&expression, ":"))) {
		if (!set_part(&rule, part)) {
			sudctl_error(
				"\"%s\" is none of error=E, retval=N, signal=SIG, delay_enter=US, delay_exit=US, when=N[..M][+[S]]",
				part);
			return false;
		}
	}
	while ((name = strsep(&calls, ","))) {
		int nr = call_number(name);

		if (nr < 0) {
			sudctl_error("there is no system call \"%s\"", name);
			return false;
		}
		if (options.rule_count == RULES) {
			sudctl_error("there is room for %d rules", RULES);
			return false;
		}
		rule.nr = nr;
		options.rules[options.rule_count++] = rule;
		options.calls[nr].flags |= CALL_RULE;
		if (options.inject) {
			show(nr, true);
			options.any_shown = true;
		}
	}
	return true;
}

bool filter_add(char *expression)
{
	if (!strncmp(expression, "inject=", 7))
		return filter_inject(expression + 7);
	if (!strncmp(expression, "fault=", 6))
		return filter_inject(expression + 6);
	if (!strcmp(expression, "signal=none")) {
		options.no_signals = true;
		return true;
	}
	if (!strcmp(expression, "signal=all"))
		return true;
	if (!strncmp(expression, "trace=", 6))
		expression += 6;
	return show_list(expression);
}
