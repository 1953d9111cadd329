// SPDX-License-Identifier: GPL-2.0-only
#include "files.h"

#include <fcntl.h>

#include "harness.h"

/* Keeps errno of what failed. */
static bool write_with(const char *path, const char *text, int flags)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC | flags);
	bool ok;
	int err;

	if (fd < 0)
		return false;
	ok = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	err = errno;
	close(fd);
	errno = err;
	return ok;
}

bool file_write(const char *path, const char *text)
{
	return write_with(path, text, O_APPEND);
}

bool file_set(const char *path, const char *text)
{
	return write_with(path, text, O_TRUNC);
}

bool file_contains(const char *path, const char *text)
{
	static char data[1 << 20];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t got = 0;
	ssize_t n;

	if (fd < 0)
		return false;
	while ((n = read(fd, data + got, sizeof(data) - 1 - got)) > 0)
		got += n;
	close(fd);
	data[got] = 0;
	return strstr(data, text);
}

bool file_read(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return false;
	n = read(fd, text, size - 1);
	close(fd);
	if (n < 0)
		return false;
	text[n] = 0;
	if (n && text[n - 1] == '\n')
		text[n - 1] = 0;
	return true;
}

int number_in(const char *path)
{
	char text[16];

	if (!file_read(path, text, sizeof(text)))
		FAIL("%s: %s", path, strerror(errno));
	return atoi(text);
}
