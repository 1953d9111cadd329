// SPDX-License-Identifier: GPL-2.0-only
#include "machine.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "files.h"
#include "module.h"

#define TRACING "/sys/kernel/tracing/"

/*
 * In the order in which they are put back: a probe cannot be removed while it is
 * enabled, and the module does not load while ftrace is off.
 */
static struct setting {
	const char *path;
	/* Written in place of what it said, where that is not what it takes. */
	const char *write;
	bool there;
	char was[256];
} settings[] = {
	{ TRACING "current_tracer" },
	{ TRACING "events/enable" },
	{ TRACING "kprobe_events", "" },
	{ TRACING "uprobe_events", "" },
	{ TRACING "set_ftrace_filter", "" },
	{ TRACING "set_event_pid", "" },
	{ "/proc/sys/kernel/ftrace_enabled" },
	{ "/proc/sys/kernel/printk" },
	{ "/proc/sys/kernel/syscall_user_dispatch" },
	{ "/sys/module/sud/parameters/allow_arming" },
	{ "/sys/module/sud/parameters/test_delay_us" },
	{ "/proc/sys/vm/oom_dump_tasks" },
};

#define SETTINGS (sizeof(settings) / sizeof(*settings))

void machine_note(void)
{
	for (unsigned int i = 0; i < SETTINGS; i++)
		settings[i].there = file_read(settings[i].path, settings[i].was,
					      sizeof(settings[i].was));
	module_note();
}

static void setting_restore(const struct setting *s)
{
	char now[sizeof(s->was)];

	if (!s->there || !file_read(s->path, now, sizeof(now)) ||
	    !strcmp(now, s->was))
		return;
	printf("# put back: %s, which the test left as \"%.40s\"\n", s->path,
	       now);
	if (!file_set(s->path, s->write ? s->write : s->was))
		printf("# cannot write %s: %s\n", s->path, strerror(errno));
}

static void module_restore(void)
{
	if (module_is_as_noted())
		return;
	printf("# put back: the module and its parameters\n");
	/* What was killed with the test may take a moment to let go of it. */
	if (!access("/sys/module/sud", F_OK) &&
	    !wait_until(module_unload, 10000)) {
		printf("# cannot unload: %s\n", strerror(errno));
		return;
	}
	if (!module_load())
		printf("# cannot load: %s\n", strerror(errno));
}

void machine_restore(void)
{
	for (unsigned int i = 0; i < SETTINGS; i++)
		setting_restore(&settings[i]);
	module_restore();
}
