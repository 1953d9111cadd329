/* SPDX-License-Identifier: GPL-2.0-only */
/* JSON for programs, written as it comes. Keys are NULL inside an array. */
#ifndef SUDCTL_JSON_H
#define SUDCTL_JSON_H

#include <stdbool.h>
#include <stdint.h>

/* "{" or "[", and its end. */
void json_begin(const char *key, char bracket);
void json_end(char bracket);

/* NULL becomes null. Bytes that are not UTF-8 become U+FFFD. */
void json_string(const char *key, const char *value);
void json_number(const char *key, uint64_t value);
/* A string, "0x...": not every reader of JSON keeps 64 bits of a number. */
void json_address(const char *key, uint64_t value);
void json_bool(const char *key, bool value);
/* The end of the document. */
void json_finish(void);

#endif /* SUDCTL_JSON_H */
