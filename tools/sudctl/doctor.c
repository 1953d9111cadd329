// SPDX-License-Identifier: GPL-2.0-only
/*
 * sudctl doctor: does it work here, and if not, why. Checks of what is needed come
 * first, each with what mends it; then blocked calls of a child are handed back by
 * each delivery, and that alone decides.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "doctor.h"
#include "json.h"
#include "sudctl.h"
#include "system.h"

/**
 * struct check - one line of the report
 * @name: its first word
 * @decides: it is a real test: sudctl doctor fails when it does
 * @run: fills in the finding
 */
struct check {
	const char *name;
	bool decides;
	void (*run)(const struct machine *machine, struct finding *finding);
};

static const struct check checks[] = {
	{ "kernel", false, check_kernel },
	{ "options", false, check_options },
	{ "headers", false, check_headers },
	{ "dkms", false, check_dkms },
	{ "secure-boot", false, check_secure_boot },
	{ "lockdown", false, check_lockdown },
	{ "ftrace", false, check_ftrace },
	{ "module", false, check_module },
	{ "hook", false, check_hook },
	{ "container", false, check_container },
	{ "device", false, check_device },
	{ "switch", false, check_switch },
	{ "test-sigsys", true, try_sigsys },
	{ "test-upcall", true, try_registers },
	{ "test-frames", true, try_frames },
	{ "test-notify", true, try_listener },
};

#define CHECKS ARRAY_SIZE(checks)

static const char *const verdicts[] = {
	[FINE] = "ok",
	[NOTE] = "note",
	[UNKNOWN] = "unknown",
	[BAD] = "bad",
};

void found(struct finding *finding, enum verdict verdict, const char *format,
	   ...)
{
	va_list args;

	finding->verdict = verdict;
	va_start(args, format);
	vsnprintf(finding->found, sizeof(finding->found), format, args);
	va_end(args);
	system_tame(finding->found);
}

void mend(struct finding *finding, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(finding->mend, sizeof(finding->mend), format, args);
	va_end(args);
	system_tame(finding->mend);
}

static int help(void)
{
	puts("usage: sudctl doctor [--json]\n"
	     "\n"
	     "Checks what Syscall User Dispatch needs here, says what was found and what\n"
	     "mends it, and then tries it: a child is armed, and has a call handed back by\n"
	     "each delivery. Nothing on the machine is changed. Root sees a little more.\n"
	     "\n"
	     "  --json   the same for programs, see sudctl(1)\n"
	     "\n"
	     "Exit status: 0 when the four tests at the end pass; 1 when one does not; 2 for\n"
	     "wrong usage.");
	return 0;
}

static void print_finding(const struct check *check,
			  const struct finding *finding)
{
	printf("%-7s  %-11s  %s\n", verdicts[finding->verdict], check->name,
	       finding->found);
	if (finding->mend[0])
		printf("%22s-> %s\n", "", finding->mend);
}

static void json_finding(const struct check *check,
			 const struct finding *finding)
{
	json_begin(NULL, '{');
	json_string("check", check->name);
	json_string("verdict", verdicts[finding->verdict]);
	json_string("found", finding->found);
	json_string("mend", finding->mend[0] ? finding->mend : NULL);
	json_end('}');
}

/* Return: whether it works. */
static bool examine(bool json)
{
	struct machine machine = { .loaded = system_exists(SYSTEM_MODULE) };
	bool works = true;
	size_t i;

	uname(&machine.uts);
	for (i = 0; i < CHECKS; i++) {
		struct finding finding = { .verdict = UNKNOWN };

		checks[i].run(&machine, &finding);
		if (checks[i].decides && finding.verdict != FINE)
			works = false;
		if (json)
			json_finding(&checks[i], &finding);
		else
			print_finding(&checks[i], &finding);
	}
	return works;
}

int doctor_main(int argc, char **argv)
{
	bool json = false, works;
	int i;

	for (i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--help"))
			return help();
		if (strcmp(argv[i], "--json"))
			return sudctl_usage("doctor",
					    "\"%s\" is not an option of doctor",
					    argv[i]);
		json = true;
	}

	if (json) {
		json_begin(NULL, '{');
		json_begin("checks", '[');
	}
	works = examine(json);
	if (json) {
		json_end(']');
		json_bool("works", works);
		json_end('}');
		json_finish();
	} else {
		puts(works ? "\nIt works here."
			   : "\nIt does not work here: mend the first line that is bad, and run this again.");
	}
	return works ? 0 : 1;
}
