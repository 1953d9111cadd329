/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Why /dev/sud cannot be used, and what to do, in one line for people.
 */
#ifndef SUD_ABSENT_H
#define SUD_ABSENT_H

#include <errno.h>

#define SUD_SYSFS "/sys/module"
#define SUD_SYSFS_SUD "/sys/module/sud"

/**
 * sud_absent() - the line, without a newline
 * @err: the errno of open() or of SUD_IOC_SET
 * @sysfs: can SUD_SYSFS be seen?
 * @loaded: can SUD_SYSFS_SUD be seen?
 */
static inline const char *sud_absent(int err, int sysfs, int loaded)
{
	if (err == EPERM)
		return "the administrator does not allow that threads are armed: see "
		       "/sys/module/sud/parameters/allow_arming";
	if (err == EACCES)
		return "no permission for /dev/sud: ask the administrator which group has it";
	if (loaded)
		return "the module is loaded, but /dev/sud is not here: give the device to this "
		       "container (docker run --device /dev/sud, bwrap --dev-bind /dev/sud "
		       "/dev/sud)";
	if (sysfs)
		return "the module is not loaded: run modprobe sud as root";
	return "there is no /dev/sud here: run modprobe sud as root, or give the device to "
	       "this container";
}

#endif /* SUD_ABSENT_H */
