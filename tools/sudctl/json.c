// SPDX-License-Identifier: GPL-2.0-only
/*
 * JSON on stdout, one value a line.
 */
#include <inttypes.h>
#include <stdio.h>

#include "json.h"

static int depth;
/* Something precedes in the same brackets. */
static bool comma;

/* How many bytes the UTF-8 character at @text has, or 0 when it is none. */
static int utf8_length(const unsigned char *text)
{
	unsigned int point;
	int length, i;

	if (text[0] < 0x80)
		return 1;
	if (text[0] >= 0xc2 && text[0] < 0xe0)
		length = 2;
	else if (text[0] >= 0xe0 && text[0] < 0xf0)
		length = 3;
	else if (text[0] >= 0xf0 && text[0] < 0xf5)
		length = 4;
	else
		return 0;

	point = text[0] & (0xff >> (length + 1));
	for (i = 1; i < length; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
		point = point << 6 | (text[i] & 0x3f);
	}
	/* Written too long, a half of a UTF-16 pair, or beyond the last one. */
	if ((length == 3 && point < 0x800) ||
	    (length == 4 && (point < 0x10000 || point > 0x10ffff)) ||
	    (point >= 0xd800 && point < 0xe000))
		return 0;
	return length;
}

static void print_string(const char *value)
{
	const unsigned char *at = (const unsigned char *)value;
	int length;

	putchar('"');
	while (*at) {
		length = utf8_length(at);
		if (!length) {
			fputs("\\ufffd", stdout);
			length = 1;
		} else if (*at == '"' || *at == '\\') {
			printf("\\%c", *at);
		} else if (*at < ' ' || *at == 0x7f) {
			printf("\\u%04x", *at);
		} else {
			fwrite(at, 1, length, stdout);
		}
		at += length;
	}
	putchar('"');
}

static void begin_value(const char *key)
{
	if (comma)
		putchar(',');
	if (depth)
		printf("\n%*s", 2 * depth, "");
	if (key) {
		print_string(key);
		fputs(": ", stdout);
	}
	comma = true;
}

void json_begin(const char *key, char bracket)
{
	begin_value(key);
	putchar(bracket);
	depth++;
	comma = false;
}

void json_end(char bracket)
{
	depth--;
	if (comma)
		printf("\n%*s", 2 * depth, "");
	putchar(bracket);
	comma = true;
}

void json_string(const char *key, const char *value)
{
	begin_value(key);
	if (value)
		print_string(value);
	else
		fputs("null", stdout);
}

void json_number(const char *key, uint64_t value)
{
	begin_value(key);
	printf("%" PRIu64, value);
}

void json_address(const char *key, uint64_t value)
{
	begin_value(key);
	printf("\"%#" PRIx64 "\"", value);
}

void json_bool(const char *key, bool value)
{
	begin_value(key);
	fputs(value ? "true" : "false", stdout);
}

void json_finish(void)
{
	putchar('\n');
	comma = false;
}
