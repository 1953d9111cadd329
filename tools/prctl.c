// SPDX-License-Identifier: GPL-2.0-only
/*
 * libsud-prctl.so: preloaded, it makes prctl(PR_SET_SYSCALL_USER_DISPATCH, ...)
 * the ioctl of /dev/sud, and everything else what it was.
 *
 * All calls go through libc's syscall(): its instruction lies in libc's text,
 * like the one of the prctl() in whose place this stands, so a region that
 * lets that one run lets these run. It is no cancellation point either.
 *
 * The call that arms must be the last one here, since from then on a close()
 * would be judged, too. So one descriptor of the process stays open. It may go
 * (closefrom) or become another file (dup2) at any time: it is asked who it is
 * before each use, and replaced when it is not /dev/sud any more.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <sud.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "absent.h"

#ifndef PR_SET_SYSCALL_USER_DISPATCH
#define PR_SET_SYSCALL_USER_DISPATCH 59
#endif

/* Out of the way of programs that count on the lowest numbers. */
#define LEAST_FD 200

static int sud_fd = -1;

static int is_sud(int fd)
{
	struct sud_info info = { .size = sizeof(info) };

	return fd >= 0 && !syscall(SYS_ioctl, fd, SUD_IOC_INFO, &info) &&
	       info.abi;
}

static int get_fd(void)
{
	int fd, high, old = __atomic_load_n(&sud_fd, __ATOMIC_RELAXED);

	if (is_sud(old))
		return old;

	fd = syscall(SYS_openat, AT_FDCWD, SUD_DEVICE, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -1;
	high = syscall(SYS_fcntl, fd, F_DUPFD_CLOEXEC, LEAST_FD);
	if (high >= 0) {
		syscall(SYS_close, fd);
		fd = high;
	}
	if (!is_sud(fd)) {
		syscall(SYS_close, fd);
		return -1;
	}

	/* Another thread was faster: one descriptor is enough. */
	if (!__atomic_compare_exchange_n(&sud_fd, &old, fd, 0, __ATOMIC_RELAXED,
					 __ATOMIC_RELAXED) &&
	    is_sud(old)) {
		syscall(SYS_close, fd);
		fd = old;
	}
	return fd;
}

static int there(const char *path)
{
	return !syscall(SYS_faccessat, AT_FDCWD, path, 0);
}

/*
 * Neither the module nor the kernel serves the request, and a program that is
 * told EINVAL says nothing that would help: say once why the module does not.
 */
static void say_why(int err)
{
	static char said;
	char line[320] = "libsud-prctl.so: ";

	if (__atomic_test_and_set(&said, __ATOMIC_RELAXED))
		return;
	strcat(line, sud_absent(err, there(SUD_SYSFS), there(SUD_SYSFS_SUD)));
	strcat(line, "\n");
	syscall(SYS_write, 2, line, strlen(line));
}

/*
 * -1 with EBUSY: the thread is, or has to be, the kernel's own prctl's. @why is
 * then the errno of opening /dev/sud, or 0.
 */
static int set(unsigned long mode, unsigned long offset, unsigned long len,
	       unsigned long selector, int *why)
{
	struct sud_config config = {
		.size = sizeof(config),
		.mode = mode > SUD_MODE_INCLUSIVE ? UINT32_MAX : mode,
		.offset = offset,
		.len = len,
		.selector = selector,
	};
	int fd, tries = 3;

	/* Between the question and the answer the descriptor can go again. */
	do {
		fd = get_fd();
		if (fd < 0) {
			/* All but these mean that there is no /dev/sud. */
			if (errno != EMFILE && errno != ENFILE &&
			    errno != ENOMEM) {
				*why = errno;
				errno = EBUSY;
			}
			return -1;
		}
		if (!syscall(SYS_ioctl, fd, SUD_IOC_SET, &config))
			return 0;
	} while ((errno == EBADF || errno == ENOTTY) && --tries);
	return -1;
}

__attribute__((visibility("default"))) int prctl(int option, ...)
{
	unsigned long a[4];
	int i, ret, err = errno, why = 0;
	va_list ap;

	va_start(ap, option);
	for (i = 0; i < 4; i++)
		a[i] = va_arg(ap, unsigned long);
	va_end(ap);

	if (option == PR_SET_SYSCALL_USER_DISPATCH) {
		if (!set(a[0], a[1], a[2], a[3], &why)) {
			/* Off is off, should the kernel's own be on. */
			if (a[0] == SUD_MODE_OFF)
				syscall(SYS_prctl, option, 0UL, 0UL, 0UL, 0UL);
			errno = err;
			return 0;
		}
		if (errno != EBUSY)
			return -1;
		errno = err;
	}
	ret = syscall(SYS_prctl, option, a[0], a[1], a[2], a[3]);
	if (ret && why && errno == EINVAL &&
	    (a[0] == SUD_MODE_EXCLUSIVE || a[0] == SUD_MODE_INCLUSIVE)) {
		say_why(why);
		errno = EINVAL;
	}
	return ret;
}
