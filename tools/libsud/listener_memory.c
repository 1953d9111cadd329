// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * The memory of a thread whose call waits for a supervisor. The thread may be killed at
 * any time, and its number be another thread's a moment later. So what was read counts
 * only if the call waits still, once it has been read. What is written must not reach
 * another program in any case: an open /proc/TID/mem stays with one memory, and between
 * open() and pwrite() it is asked whether the call waits, so whose memory that is.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "internal.h"

#define PAGE 4096

/* Return: how many bytes; 0 and errno when the first cannot be read. */
static size_t read_some(pid_t tid, uint64_t address, void *buffer, size_t size)
{
	struct iovec to = { .iov_base = buffer, .iov_len = size };
	struct iovec from = { .iov_base = (void *)address, .iov_len = size };
	ssize_t got = process_vm_readv(tid, &to, 1, &from, 1, 0);

	return got > 0 ? got : 0;
}

/* Return: does it wait still? If not, errno says ENOENT, else it is as it was. */
static bool still_valid(int listener, const struct sud_notification *call)
{
	int err = errno;

	if (sud_call_valid(listener, call->id))
		return false;
	errno = err;
	return true;
}

int sud_listener_read(int listener, const struct sud_notification *call,
		      uint64_t address, void *buffer, size_t size)
{
	size_t done = 0, got;

	while (done < size) {
		got = read_some(call->tid, address + done,
				(char *)buffer + done, size - done);
		if (!got)
			break;
		done += got;
	}
	return still_valid(listener, call) && done == size ? 0 : -1;
}

ssize_t sud_listener_read_string(int listener,
				 const struct sud_notification *call,
				 uint64_t address, char *buffer, size_t size)
{
	char *end = NULL;
	size_t done = 0, got;

	errno = ENAMETOOLONG;
	while (done < size && !end) {
		/* What lies on the next page may not be there, nor be needed. */
		size_t part = PAGE - (address + done) % PAGE;

		if (part > size - done)
			part = size - done;
		got = read_some(call->tid, address + done, buffer + done, part);
		if (!got)
			break;
		end = memchr(buffer + done, 0, got);
		done += got;
	}
	if (!still_valid(listener, call) || !end)
		return -1;
	return end - buffer;
}

static int write_all(int memory, uint64_t address, const void *buffer,
		     size_t size)
{
	size_t done = 0;
	ssize_t put;

	while (done < size) {
		put = pwrite(memory, (const char *)buffer + done, size - done,
			     address + done);
		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0) {
			/* No other error means anything to the program. */
			errno = EFAULT;
			return -1;
		}
		done += put;
	}
	return 0;
}

int sud_listener_write(int listener, const struct sud_notification *call,
		       uint64_t address, const void *buffer, size_t size)
{
	char path[32];
	int memory, ret, err;

	snprintf(path, sizeof(path), "/proc/%d/mem", call->tid);
	memory = open(path, O_WRONLY | O_CLOEXEC);
	ret = still_valid(listener, call) && memory >= 0 ? 0 : -1;
	if (!ret)
		ret = write_all(memory, address, buffer, size);
	err = errno;
	if (memory >= 0)
		close(memory);
	errno = err;
	return ret;
}
