/* SPDX-License-Identifier: GPL-2.0-only */
/* A line that is being put together. What does not fit is left out. */
#ifndef SUDCTL_TRACE_TEXT_H
#define SUDCTL_TRACE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct text {
	size_t size;
	char line[0x10000];
};

static inline void text_char(struct text *text, char c)
{
	if (text->size < sizeof(text->line))
		text->line[text->size++] = c;
}

static inline void text_bytes(struct text *text, const char *from, size_t size)
{
	if (size > sizeof(text->line) - text->size)
		size = sizeof(text->line) - text->size;
	memcpy(text->line + text->size, from, size);
	text->size += size;
}

static inline void text_string(struct text *text, const char *string)
{
	text_bytes(text, string, strlen(string));
}

static inline void text_unsigned(struct text *text, uint64_t value)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = '0' + value % 10;
		value /= 10;
	} while (value);
	text_bytes(text, digits + at, sizeof(digits) - at);
}

static inline void text_signed(struct text *text, int64_t value)
{
	if (value < 0)
		text_char(text, '-');
	text_unsigned(text, value < 0 ? -(uint64_t)value : (uint64_t)value);
}

static inline void text_hex(struct text *text, uint64_t value)
{
	char digits[16];
	size_t at = sizeof(digits);

	do {
		digits[--at] = "0123456789abcdef"[value % 16];
		value /= 16;
	} while (value);
	text_bytes(text, "0x", 2);
	text_bytes(text, digits + at, sizeof(digits) - at);
}

static inline void text_octal(struct text *text, uint64_t value)
{
	char digits[24];
	size_t at = sizeof(digits);

	for (; value; value /= 8)
		digits[--at] = '0' + value % 8;
	text_char(text, '0');
	text_bytes(text, digits + at, sizeof(digits) - at);
}

/* Blanks up to that column. */
static inline void text_column(struct text *text, size_t start, size_t column)
{
	while (text->size - start < column)
		text_char(text, ' ');
}

#endif /* SUDCTL_TRACE_TEXT_H */
