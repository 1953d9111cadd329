// SPDX-License-Identifier: GPL-2.0-only
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "memory.h"

#define PAGE 4096

size_t memory_read(pid_t pid, uint64_t from, void *to, size_t size)
{
	size_t done = 0;

	/* Page by page: a part that cannot be read ends the call it is in. */
	while (done < size) {
		size_t part = PAGE - (from + done) % PAGE;
		struct iovec here = { (char *)to + done, part };
		struct iovec there = { (void *)(from + done), part };

		if (part > size - done)
			here.iov_len = there.iov_len = part = size - done;
		if (process_vm_readv(pid, &here, 1, &there, 1, 0) !=
		    (ssize_t)part)
			break;
		done += part;
	}
	return done;
}

bool memory_write(pid_t pid, uint64_t to, const void *from, size_t size)
{
	char path[64];
	ssize_t done = -1;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd >= 0) {
		done = pwrite(fd, from, size, to);
		close(fd);
	}
	return done == (ssize_t)size;
}

bool memory_find(pid_t pid, const char *name, struct mapping *mapping)
{
	size_t length = strlen(name);
	char path[64], line[512];
	bool found = false;
	FILE *maps;

	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	maps = fopen(path, "re");
	while (maps && !found && fgets(line, sizeof(line), maps)) {
		unsigned long start, end, inode;
		size_t size = strcspn(line, "\n");

		found = size > length &&
			!strncmp(line + size - length, name, length) &&
			sscanf(line, "%lx-%lx %*s %*s %*s %lu", &start, &end,
			       &inode) == 3;
		if (found)
			*mapping = (struct mapping){ start, end, inode };
	}
	if (maps)
		fclose(maps);
	return found;
}

long memory_status(pid_t pid, const char *name, int base)
{
	size_t length = strlen(name);
	char path[64], line[512];
	long value = -1;
	FILE *status;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	status = fopen(path, "re");
	if (!status)
		return -1;
	while (fgets(line, sizeof(line), status))
		if (!strncmp(line, name, length) && line[length] == ':')
			value = strtol(line + length + 1, NULL, base);
	fclose(status);
	return value;
}
