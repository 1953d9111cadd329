// SPDX-License-Identifier: GPL-2.0-only
/*
 * sudctl doctor: what the kernel is and has.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "doctor.h"
#include "sudctl.h"
#include "system.h"

#define SUPPORTED "use a 64-bit kernel, 5.10 or newer, of Debian or Ubuntu"

/* As dkms.conf has it: dkms builds nothing for a newer kernel. */
static bool is_too_new(unsigned int major, unsigned int minor)
{
	unsigned int newest_major, newest_minor;

	return sscanf(SUDCTL_NEWEST, "%u.%u", &newest_major, &newest_minor) ==
		       2 &&
	       (major > newest_major ||
		(major == newest_major && minor > newest_minor));
}

void check_kernel(const struct machine *machine, struct finding *finding)
{
	const struct utsname *uts = &machine->uts;
	unsigned int major = 0, minor = 0;
	bool known;

	found(finding, FINE, "%s, %s", uts->release, uts->machine);
	if (strcmp(uts->machine, "x86_64")) {
		found(finding, BAD, "%s is not x86_64", uts->machine);
		mend(finding, SUPPORTED);
		return;
	}
	known = sscanf(uts->release, "%u.%u", &major, &minor) == 2;
	if (known && (major < 5 || (major == 5 && minor < 10))) {
		found(finding, BAD, "%s is older than 5.10", uts->release);
		mend(finding, SUPPORTED);
	} else if (known && is_too_new(major, minor)) {
		found(finding, machine->loaded ? NOTE : BAD,
		      "%s is newer than " SUDCTL_NEWEST
		      ", the newest that sud " SUDCTL_VERSION " is made for",
		      uts->release);
		mend(finding,
		     "a newer sud or an older kernel; to try this one: "
		     "echo 'BUILD_EXCLUSIVE_KERNEL=.' >/etc/dkms/sud.conf && "
		     "dkms install sud/" SUDCTL_VERSION);
	}
}

/* What the module cannot do without. */
static const char *const needed[] = {
	"CONFIG_MODULES",
	"CONFIG_KPROBES",
	"CONFIG_TRACEPOINTS",
	"CONFIG_DYNAMIC_FTRACE_WITH_REGS",
	"CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS",
};

#define NEEDED ARRAY_SIZE(needed)
/* Since 7.3 it can be left out; before, nothing asks. */
#define NATIVE "CONFIG_SYSCALL_USER_DISPATCH"

static FILE *open_config(const struct machine *machine, char *path, size_t size)
{
	static const char *const places[] = {
		"/boot/config-%s",
		"/lib/modules/%s/config",
		"/usr/lib/modules/%s/config",
		"/lib/modules/%s/build/.config",
	};
	FILE *file = NULL;
	size_t i;

	for (i = 0; !file && i < ARRAY_SIZE(places); i++) {
		snprintf(path, size, places[i], machine->uts.release);
		file = fopen(path, "re");
	}
	if (!file && system_exists("/proc/config.gz")) {
		snprintf(path, size, "/proc/config.gz");
		file = popen("exec zcat /proc/config.gz 2>/dev/null", "re");
	}
	return file;
}

/* Notes what a line says. Return: it switches off what is needed if it is there. */
static bool note_option(const char *line, bool *has)
{
	size_t i, length;

	for (i = 0; i < NEEDED; i++) {
		length = strlen(needed[i]);
		if (!strncmp(line, needed[i], length) &&
		    !strncmp(line + length, "=y", 2))
			has[i] = true;
	}
	return !strncmp(line, "# " NATIVE " is not set",
			strlen("# " NATIVE " is not set"));
}

void check_options(const struct machine *machine, struct finding *finding)
{
	char path[256], line[512], missing[256] = "";
	bool has[NEEDED] = { false }, native_off = false, any = false;
	FILE *file = open_config(machine, path, sizeof(path));
	size_t i;

	if (file) {
		while (fgets(line, sizeof(line), file)) {
			native_off |= note_option(line, has);
			any |= !strncmp(line, "CONFIG_", 7);
		}
		/* It may be a pipe, and that an ordinary stream's end is no worse. */
		if (!strcmp(path, "/proc/config.gz"))
			pclose(file);
		else
			fclose(file);
	}
	if (!any) {
		found(finding, UNKNOWN,
		      "this kernel's configuration is not here");
		return;
	}

	for (i = 0; i < NEEDED; i++)
		if (!has[i])
			snprintf(missing + strlen(missing),
				 sizeof(missing) - strlen(missing), " %s",
				 needed[i]);
	if (native_off)
		snprintf(missing + strlen(missing),
			 sizeof(missing) - strlen(missing), " %s", NATIVE);
	if (missing[0]) {
		found(finding, BAD, "the kernel lacks%s (%s)", missing, path);
		mend(finding, SUPPORTED);
		return;
	}
	found(finding, FINE, "all that is needed (%s)", path);
}

#define EFIVARS "/sys/firmware/efi/efivars"
#define SECURE_BOOT EFIVARS "/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"
#define MOK "/var/lib/dkms/mok.pub"
/* Of dkms 2, Debian 11's, which makes no key, and signs by this when it is told to. */
#define SIGN_HELPER "/etc/dkms/sign_helper.sh"
#define BLUE_SCREEN \
	"at the blue screen choose Enroll MOK, Continue, Yes, and give the password"

/* Return: 1 or 0, the variable behind four bytes of attributes; or -1. */
static int secure_boot(void)
{
	unsigned char bytes[5];
	int fd = open(SECURE_BOOT, O_RDONLY | O_CLOEXEC);
	ssize_t got;

	if (fd < 0)
		return errno == ENOENT && system_exists(EFIVARS) ? 0 : -1;
	got = read(fd, bytes, sizeof(bytes));
	close(fd);
	return got == sizeof(bytes) ? bytes[4] : -1;
}

void check_secure_boot(const struct machine *machine, struct finding *finding)
{
	static const char *const test_key[] = { "mokutil", "--test-key", MOK,
						NULL };
	char line[256];

	if (!system_exists("/sys/firmware/efi")) {
		found(finding, FINE, "none: the machine did not boot by EFI");
		return;
	}
	switch (secure_boot()) {
	case 0:
		found(finding, FINE, "off");
		return;
	case 1:
		break;
	default:
		found(finding, UNKNOWN, "whether it is on cannot be read");
		return;
	}

	if (machine->loaded) {
		found(finding, FINE, "on, and the module is loaded");
		return;
	}
	if (!system_exists(MOK) && system_exists(SIGN_HELPER)) {
		found(finding, BAD,
		      "on: the kernel takes only modules with a key that it knows, and this dkms signs none by itself");
		mend(finding,
		     "sign_tool=" SIGN_HELPER
		     " in /etc/dkms/framework.conf, which says which key; "
		     "mokutil --import that key; restart; " BLUE_SCREEN);
		return;
	}
	if (!system_exists(MOK)) {
		found(finding, NOTE,
		      "on: the kernel takes only modules with a key that it knows, and dkms has made no key yet");
		mend(finding,
		     "%s, which makes " MOK ", and then sudctl doctor again",
		     system_install());
		return;
	}
	system_ask(test_key, line, sizeof(line));
	if (strstr(line, "is already enrolled")) {
		found(finding, FINE, "on, and dkms's key is enrolled");
		return;
	}
	found(finding, BAD, "on, and dkms's key is not known to be enrolled");
	mend(finding, "mokutil --import " MOK
		      " (asks for a new password); restart; " BLUE_SCREEN);
}

static bool wants_signatures(void)
{
	char line[8];

	return system_line("/sys/module/module/parameters/sig_enforce", line,
			   sizeof(line)) &&
	       !strcmp(line, "Y");
}

void check_lockdown(const struct machine *machine, struct finding *finding)
{
	char line[128], *at, *end;

	if (!system_line("/sys/kernel/security/lockdown", line, sizeof(line))) {
		if (system_exists("/sys/kernel/security/lsm"))
			found(finding, FINE, "this kernel has none");
		else
			found(finding, UNKNOWN,
			      "/sys/kernel/security is not there or not readable");
		return;
	}
	at = strchr(line, '[');
	end = at ? strchr(at, ']') : NULL;
	if (!end) {
		found(finding, UNKNOWN, "%s", line);
		return;
	}
	*end = '\0';
	if (!strcmp(at + 1, "none") && wants_signatures() && !machine->loaded)
		found(finding, NOTE,
		      "off, but module.sig_enforce is on: only signed modules load");
	else if (!strcmp(at + 1, "none"))
		found(finding, FINE, "off");
	else if (machine->loaded)
		found(finding, FINE, "%s, and the module is loaded", at + 1);
	else
		found(finding, NOTE, "%s: only signed modules load", at + 1);
}

void check_ftrace(const struct machine *machine, struct finding *finding)
{
	char line[16];

	(void)machine;
	if (!system_line("/proc/sys/kernel/ftrace_enabled", line,
			 sizeof(line))) {
		found(finding,
		      system_exists("/proc/sys/kernel") ? BAD : UNKNOWN,
		      "there is no kernel.ftrace_enabled");
		if (finding->verdict == BAD)
			mend(finding, SUPPORTED);
		return;
	}
	found(finding, FINE, "on");
	if (strcmp(line, "1")) {
		found(finding, BAD, "off");
		mend(finding, "sysctl kernel.ftrace_enabled=1");
	}
}

static bool is_hooked_function(const char *name)
{
	return !strcmp(name, "syscall_user_dispatch") ||
	       !strcmp(name, "syscall_trace_enter") ||
	       !strncmp(name, "syscall_trace_enter.", 20);
}

/*
 * Who has the function, by its lines in enabled_functions: "NAME (COUNT) FLAGS", where
 * an I is said of one that changes where the function goes, and indented below it who
 * calls, a direct call behind "direct-->".
 */
static void judge_holder(const struct machine *machine, const char *name,
			 const char *text, struct finding *finding)
{
	const char *direct = strstr(text, "direct-->");

	if (direct && strstr(direct, "sud_trampoline"))
		found(finding, FINE, "%s is the module's", name);
	else if (direct)
		found(finding, BAD, "another one has %s: %.80s", name,
		      direct + strlen("direct-->"));
	else if (strstr(text, " I ") && !machine->loaded)
		found(finding, BAD, "a live patch has %s", name);
	else
		found(finding, NOTE, "%s is traced by something else", name);
	if (finding->verdict == BAD)
		mend(finding,
		     "stop the BPF program, tracer or live patch, and modprobe sud "
		     "(bpftool prog, ls /sys/kernel/livepatch)");
}

static FILE *open_enabled(void)
{
	FILE *file = fopen("/sys/kernel/tracing/enabled_functions", "re");

	return file
		       ?: fopen("/sys/kernel/debug/tracing/enabled_functions",
				"re");
}

/* Adds a line to the text, as far as there is room. */
static void add_line(char *text, size_t size, const char *line)
{
	size_t length = strlen(text);

	snprintf(text + length, size - length, "%s", line);
}

void check_hook(const struct machine *machine, struct finding *finding)
{
	char line[1024], name[128], text[2048] = "", whose[128] = "";
	FILE *file = open_enabled();
	bool ours = false;

	if (!file) {
		found(finding, UNKNOWN,
		      "who has the hooked function: run this as root, with tracefs mounted");
		return;
	}
	while (fgets(line, sizeof(line), file)) {
		if (line[0] != '\t' && line[0] != ' ') {
			ours = sscanf(line, "%127s", name) == 1 &&
			       is_hooked_function(name);
			if (ours)
				strcpy(whose, name);
		}
		if (ours)
			add_line(text, sizeof(text), line);
	}
	fclose(file);

	if (whose[0]) {
		judge_holder(machine, whose, text, finding);
	} else if (machine->loaded) {
		found(finding, BAD,
		      "nobody has it, though the module is loaded");
		mend(finding, "rmmod sud && modprobe sud");
	} else {
		found(finding, FINE, "nobody has the function");
	}
}
