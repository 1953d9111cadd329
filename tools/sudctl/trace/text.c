// SPDX-License-Identifier: GPL-2.0-only
#include "text.h"

#define DIGITS 24 /* no number has more */

void text_last_bytes(struct text *text, const char *from, size_t size)
{
	size_t left = TEXT_ROOM - text->size;

	if (size > left)
		size = left;
	memcpy(text->bytes + text->size, from, size);
	text->size += size;
}

void text_unsigned(struct text *text, uint64_t value)
{
	char digits[DIGITS];
	size_t at = sizeof(digits);

	/* Most numbers in a trace are that short. */
	if (value < 10) {
		text_char(text, '0' + value);
		return;
	}
	do {
		digits[--at] = '0' + value % 10;
		value /= 10;
	} while (value);
	text_bytes(text, digits + at, sizeof(digits) - at);
}

void text_signed(struct text *text, int64_t value)
{
	if (value < 0)
		text_char(text, '-');
	text_unsigned(text, value < 0 ? -(uint64_t)value : (uint64_t)value);
}

void text_hex(struct text *text, uint64_t value)
{
	char digits[DIGITS];
	size_t at = sizeof(digits);

	do {
		digits[--at] = "0123456789abcdef"[value % 16];
		value /= 16;
	} while (value);
	digits[--at] = 'x';
	digits[--at] = '0';
	text_bytes(text, digits + at, sizeof(digits) - at);
}

void text_octal(struct text *text, uint64_t value)
{
	char digits[DIGITS];
	size_t at = sizeof(digits);

	for (; value; value /= 8)
		digits[--at] = '0' + value % 8;
	digits[--at] = '0';
	text_bytes(text, digits + at, sizeof(digits) - at);
}

void text_column(struct text *text, size_t start, size_t column)
{
	size_t blanks = column - (text->size - start);

	if (text->size - start >= column || blanks > TEXT_ROOM - text->size)
		return;
	memset(text->bytes + text->size, ' ', blanks);
	text->size += blanks;
}
