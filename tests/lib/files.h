/* SPDX-License-Identifier: GPL-2.0-only */
/* Small files, mostly the kernel's. */
#ifndef SUD_LIB_FILES_H
#define SUD_LIB_FILES_H

#include <stdbool.h>
#include <stddef.h>

/* Adds the text at the end, and with file_set() in place of what was there. */
bool file_write(const char *path, const char *text);
bool file_set(const char *path, const char *text);
bool file_contains(const char *path, const char *text);
/* What it holds, without the last line's end; false when it cannot be read. */
bool file_read(const char *path, char *text, size_t size);
/* What a file of the kernel says, which is a number. */
int number_in(const char *path);

#endif /* SUD_LIB_FILES_H */
