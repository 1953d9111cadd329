/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Lines that are put together, and written in large pieces. What does not fit is left out;
 * who begins a line sees to it that there is room for one of LINE_ROOM.
 */
#ifndef SUDCTL_TRACE_TEXT_H
#define SUDCTL_TRACE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define LINE_ROOM 0x10000
#define TEXT_ROOM 0x40000

struct text {
	size_t size;
	char bytes[TEXT_ROOM];
};

static inline void text_char(struct text *text, char c)
{
	if (text->size < TEXT_ROOM)
		text->bytes[text->size++] = c;
}

/* As much of it as fits: out of line, so that short strings are copied by moves. */
void text_last_bytes(struct text *text, const char *from, size_t size);

static inline void text_bytes(struct text *text, const char *from, size_t size)
{
	if (size > TEXT_ROOM - text->size) {
		text_last_bytes(text, from, size);
		return;
	}
	memcpy(text->bytes + text->size, from, size);
	text->size += size;
}

static inline void text_string(struct text *text, const char *string)
{
	text_bytes(text, string, strlen(string));
}

void text_unsigned(struct text *text, uint64_t value);
void text_signed(struct text *text, int64_t value);
void text_hex(struct text *text, uint64_t value);
void text_octal(struct text *text, uint64_t value);

/* Blanks up to that column. */
void text_column(struct text *text, size_t start, size_t column);

#endif /* SUDCTL_TRACE_TEXT_H */
