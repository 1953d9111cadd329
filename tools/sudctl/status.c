// SPDX-License-Identifier: GPL-2.0-only
/*
 * sudctl status: the module, its counters, and the armed threads, in words or JSON.
 */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <sud.h>

#include "json.h"
#include "sudctl.h"
#include "system.h"
#include "threads.h"

static const char *const parameters[] = { "allow_arming", "prctl" };

/**
 * struct report - what is shown
 * @fd: of /dev/sud
 * @kernel: its release
 * @version: of the module, or "unknown" where /sys is not seen
 * @info: as the module gives it
 * @status: the same
 * @forbids: which switch forbids that threads are armed, or NULL
 * @threads: the armed ones
 */
struct report {
	int fd;
	struct utsname kernel;
	char version[64];
	struct sud_info info;
	struct sud_status status;
	const char *forbids;
	struct threads threads;
};

static int help(void)
{
	puts("usage: sudctl status [--json]\n"
	     "\n"
	     "Shows the module, its counters since it was loaded, and the threads that are\n"
	     "armed, as far as you could see them in /proc; root sees all of them.\n"
	     "\n"
	     "  --json   the same for programs, see sudctl(1)\n"
	     "\n"
	     "Exit status: 0; 1 when the module cannot be reached; 2 for wrong usage.");
	return 0;
}

/* Return: false, and it has said why. */
static bool collect(struct report *report)
{
	uname(&report->kernel);
	report->fd = sud_open();
	if (report->fd < 0) {
		sudctl_error("%s", system_absent(errno));
		return false;
	}
	if (sud_info(report->fd, &report->info)) {
		sudctl_error("/dev/sud is not sud's: %s", strerror(errno));
		return false;
	}
	if (sud_status(report->fd, &report->status) ||
	    !threads_read(&report->threads, report->fd)) {
		if (errno == ENOTTY)
			sudctl_error(
				"the module is older than sudctl: install the same version of both, and load the module again");
		else
			sudctl_error("the module does not answer: %s",
				     strerror(errno));
		return false;
	}
	if (!system_line(SYSTEM_MODULE "/version", report->version,
			 sizeof(report->version)))
		strcpy(report->version, "unknown");
	if (report->status.flags & SUD_STATUS_OFF)
		report->forbids = system_forbids() ?: "the administrator";
	return true;
}

static __u64 armed_now(const struct sud_status *status)
{
	__u64 ever = status->armed + status->inherited;

	/* Each is read by itself, while threads come and go. */
	return ever > status->disarmed ? ever - status->disarmed : 0;
}

/* A module that is older than sudctl does not count them. */
static bool counts_notifies(const struct sud_status *status)
{
	return status->size >=
	       offsetof(struct sud_status, notifies) + sizeof(status->notifies);
}

/* Those that the loaded module has, and that the caller may read. */
static void each_parameter(void (*show)(const char *name, const char *value))
{
	char path[128], value[64];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(parameters); i++) {
		snprintf(path, sizeof(path), SYSTEM_PARAMETERS "%s",
			 parameters[i]);
		if (system_line(path, value, sizeof(value)))
			show(parameters[i], value);
	}
}

static void print_parameter(const char *name, const char *value)
{
	printf(" %s=%s", name, value);
}

static void print_words(const struct report *report)
{
	const struct sud_status *status = &report->status;

	printf("%-11s %s, ABI %u\n", "module", report->version,
	       report->info.abi);
	printf("%-11s %s\n", "kernel", report->kernel.release);
	printf("%-11s %.*s\n", "hook", SUD_STATUS_HOOK_LEN,
	       (const char *)status->hook);
	printf("%-11s", "parameters");
	each_parameter(print_parameter);
	putchar('\n');
	if (report->forbids)
		printf("%-11s forbidden by %s\n", "arming", report->forbids);
	else
		printf("%-11s allowed\n", "arming");
	printf("%-11s %llu now; %llu by themselves or a tracer, %llu inherited, %llu disarmed\n",
	       "armed", armed_now(status), status->armed, status->inherited,
	       status->disarmed);
	printf("%-11s %llu by SIGSYS, %llu by upcall", "handed back",
	       status->sigsys, status->upcalls);
	if (counts_notifies(status))
		printf(", %llu to a listener", status->notifies);
	printf("; %llu killed\n", status->kills);
	threads_print(&report->threads, armed_now(status));
}

static void print_json(const struct report *report)
{
	const struct sud_status *status = &report->status;
	char hook[SUD_STATUS_HOOK_LEN + 1] = "";

	memcpy(hook, status->hook, SUD_STATUS_HOOK_LEN);
	json_begin(NULL, '{');
	json_string("module", report->version);
	json_number("abi", report->info.abi);
	json_string("kernel", report->kernel.release);
	json_string("hook", hook);
	json_begin("parameters", '{');
	each_parameter(json_string);
	json_end('}');
	json_bool("arming_allowed", !report->forbids);
	json_string("forbidden_by", report->forbids);
	json_begin("counters", '{');
	json_number("armed", status->armed);
	json_number("inherited", status->inherited);
	json_number("disarmed", status->disarmed);
	json_number("sigsys", status->sigsys);
	json_number("upcalls", status->upcalls);
	if (counts_notifies(status))
		json_number("notifies", status->notifies);
	json_number("kills", status->kills);
	json_end('}');
	threads_json(&report->threads);
	json_end('}');
	json_finish();
}

int status_main(int argc, char **argv)
{
	struct report report = { .fd = -1 };
	bool json = false, good;
	int i;

	for (i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--help"))
			return help();
		if (strcmp(argv[i], "--json"))
			return sudctl_usage("status",
					    "\"%s\" is not an option of status",
					    argv[i]);
		json = true;
	}

	good = collect(&report);
	if (good && json)
		print_json(&report);
	else if (good)
		print_words(&report);
	threads_free(&report.threads);
	if (report.fd >= 0)
		close(report.fd);
	return good ? 0 : 1;
}
