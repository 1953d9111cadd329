// SPDX-License-Identifier: GPL-2.0-only
/*
 * sudctl doctor: what belongs to the module, from its building to its device.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <sud.h>

#include "doctor.h"
#include "sudctl.h"
#include "system.h"

static bool has_apt(void)
{
	return system_exists("/etc/debian_version");
}

void check_headers(const struct machine *machine, struct finding *finding)
{
	const char *release = machine->uts.release;
	char path[256];

	snprintf(path, sizeof(path), "/lib/modules/%s/build/Makefile", release);
	if (system_exists(path)) {
		found(finding, FINE, "/lib/modules/%s/build", release);
		return;
	}
	found(finding, machine->loaded ? NOTE : BAD,
	      "no headers of this kernel: the module cannot be built for it here");
	if (has_apt())
		mend(finding, "apt-get install linux-headers-%s", release);
	else
		mend(finding,
		     "install the package of your distribution that has /lib/modules/%s/build",
		     release);
}

/* Is a file of the module there, which modprobe would load? */
static bool is_installed(const struct machine *machine)
{
	static const char *const folders[] = { "updates/dkms", "updates",
					       "extra" };
	static const char *const ends[] = { "", ".xz", ".zst", ".gz" };
	char path[256];
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(folders); i++)
		for (j = 0; j < ARRAY_SIZE(ends); j++) {
			snprintf(path, sizeof(path),
				 "/lib/modules/%s/%s/sud.ko%s",
				 machine->uts.release, folders[i], ends[j]);
			if (system_exists(path))
				return true;
		}
	return false;
}

void check_dkms(const struct machine *machine, struct finding *finding)
{
	const char *const status[] = { "dkms", "status", "-m",
				       "sud",  "-k",	 machine->uts.release,
				       NULL };
	char line[256];

	if (system_ask(status, line, sizeof(line)) < 0) {
		if (machine->loaded || is_installed(machine)) {
			found(finding, NOTE,
			      "dkms is not here: the next kernel will be without the module");
		} else {
			found(finding, BAD, "dkms is not here");
		}
		if (has_apt())
			mend(finding, "apt-get install dkms");
		return;
	}
	if (strstr(line, ": installed")) {
		found(finding, FINE, "%s", line);
		return;
	}
	found(finding, machine->loaded ? NOTE : BAD, "%s",
	      line[0] ? line : "dkms does not know of sud for this kernel");
	mend(finding, "%s", system_install());
}

static void check_version(struct finding *finding)
{
	char version[64];

	if (!system_line(SYSTEM_MODULE "/version", version, sizeof(version))) {
		found(finding, NOTE, "loaded, of no known version");
		return;
	}
	found(finding, FINE, "%s is loaded", version);
	if (strcmp(version, SUDCTL_VERSION)) {
		found(finding, NOTE, "%s is loaded, and sudctl is %s", version,
		      SUDCTL_VERSION);
		mend(finding, "make install, in the newer one's sources");
	}
}

void check_module(const struct machine *machine, struct finding *finding)
{
	if (machine->loaded) {
		check_version(finding);
		return;
	}
	if (!system_exists("/sys/module")) {
		found(finding, UNKNOWN, "/sys is not to be seen here");
		return;
	}
	if (is_installed(machine)) {
		found(finding, BAD, "it is installed, and not loaded");
		mend(finding,
		     "modprobe sud; if that fails, dmesg | grep sud says why");
		return;
	}
	found(finding, BAD, "it is not installed for this kernel");
	mend(finding, "%s", system_install());
}

static bool in_first_pid_namespace(void)
{
	struct stat st;

	/* The kernel's PROC_PID_INIT_INO. */
	return stat("/proc/self/ns/pid", &st) || st.st_ino == 0xeffffffc;
}

void check_container(const struct machine *machine, struct finding *finding)
{
	const char *name = NULL;
	char line[64];

	(void)machine;
	if (system_exists("/.dockerenv"))
		name = "docker";
	else if (system_exists("/run/.containerenv"))
		name = "podman";
	else if (system_line("/run/systemd/container", line, sizeof(line)))
		name = line;
	else if (getenv("container"))
		name = getenv("container");
	else if (!in_first_pid_namespace())
		name = "one of its own pid namespace";

	if (!name) {
		found(finding, FINE, "none");
		return;
	}
	found(finding, NOTE,
	      "%s: the module is the host's, and the device has to be given to the container",
	      name);
	if (access(SUD_DEVICE, R_OK | W_OK))
		mend(finding,
		     "start the container with the device: "
		     "docker run --device /dev/sud, bwrap --dev-bind /dev/sud /dev/sud");
}

static void explain_denied(struct finding *finding)
{
	const struct passwd *user = getpwuid(geteuid());
	const struct group *group;
	struct stat st;

	if (stat(SUD_DEVICE, &st)) {
		found(finding, BAD, SUD_DEVICE " cannot be opened: %s",
		      strerror(EACCES));
		return;
	}
	group = getgrgid(st.st_gid);
	found(finding, BAD, SUD_DEVICE " is not for you: mode %03o, group %s",
	      st.st_mode & 0777, group ? group->gr_name : "unknown");
	if ((st.st_mode & 0060) == 0060 && group && user && st.st_gid)
		mend(finding, "usermod -aG %s %s, and log in again",
		     group->gr_name, user->pw_name);
	else
		mend(finding,
		     "chmod 666 " SUD_DEVICE
		     ", or a udev rule as examples/60-sud.rules for a group");
}

/* Return: a node of that name is not the module's device. */
static bool is_stale(void)
{
	unsigned int major_number, minor_number;
	struct stat st;
	char line[32];

	return !stat(SUD_DEVICE, &st) &&
	       system_line("/sys/class/misc/sud/dev", line, sizeof(line)) &&
	       sscanf(line, "%u:%u", &major_number, &minor_number) == 2 &&
	       (!S_ISCHR(st.st_mode) ||
		st.st_rdev != makedev(major_number, minor_number));
}

void check_device(const struct machine *machine, struct finding *finding)
{
	struct sud_status status;
	struct sud_info info;
	int fd = sud_open();

	if (is_stale()) {
		found(finding, BAD, SUD_DEVICE " is not the module's device");
		mend(finding, "rm " SUD_DEVICE " && mknod -m 666 " SUD_DEVICE
			      " c $(tr : ' ' </sys/class/misc/sud/dev)");
	} else if (fd >= 0 && sud_info(fd, &info)) {
		found(finding, BAD, SUD_DEVICE " does not answer: %s",
		      strerror(errno));
		mend(finding,
		     "let the seccomp filter of this container allow ioctl");
	} else if (fd >= 0 && sud_status(fd, &status)) {
		found(finding, NOTE,
		      "ABI %u, of a module that is older than sudctl",
		      info.abi);
		mend(finding, "make install, in the newer one's sources");
	} else if (fd >= 0) {
		found(finding, FINE, SUD_DEVICE ", ABI %u, hooks %.*s",
		      info.abi, SUD_STATUS_HOOK_LEN, (const char *)status.hook);
	} else if (errno == EACCES) {
		explain_denied(finding);
	} else if (errno == EPERM) {
		found(finding, BAD, SUD_DEVICE " is not allowed here");
		mend(finding,
		     "give the device to the container: docker run --device /dev/sud");
	} else {
		found(finding, BAD, SUD_DEVICE " cannot be opened: %s",
		      strerror(errno));
		mend(finding, "%s",
		     machine->loaded
			     ? "give the device to the container: docker run --device /dev/sud"
			     : "load the module: see above");
	}
	if (fd >= 0)
		close(fd);
}

void check_switch(const struct machine *machine, struct finding *finding)
{
	const char *forbids = system_forbids();
	struct sud_status status;
	int fd = sud_open();
	bool off = fd >= 0 && !sud_status(fd, &status) &&
		   status.flags & SUD_STATUS_OFF;

	(void)machine;
	if (forbids || off) {
		found(finding, BAD, "%s forbids that threads are armed",
		      forbids ?: "the administrator");
		if (forbids && !strcmp(forbids, SYSTEM_SYSCTL))
			mend(finding, "sysctl kernel.syscall_user_dispatch=1");
		else
			mend(finding,
			     "echo 1 >" SYSTEM_PARAMETERS "allow_arming");
	} else if (fd >= 0) {
		found(finding, FINE, "threads may be armed");
	} else {
		found(finding, UNKNOWN, "the module cannot be asked");
	}
	if (fd >= 0)
		close(fd);
}
