/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Region sets as such: ranges to put into one, and what it holds.
 */
#ifndef SUD_LIB_RANGES_H
#define SUD_LIB_RANGES_H

#include <stdbool.h>
#include <stdint.h>

#include <sud.h>

#define RANGES_MAX 65536
extern const unsigned int set_commands[3];
extern struct sud_range many_ranges[RANGES_MAX + 1],
	listed_ranges[RANGES_MAX + 1];

/* Two, as each of the tests of errors finds them, and leaves them. */
extern const struct sud_range two_ranges[2];
int change_set(int fd, unsigned int command, const struct sud_range *ranges,
	       uint64_t count);

/* The set has just these ranges, in this order, and LIST writes no more. */
bool set_holds(int fd, const struct sud_range *want, uint64_t count);
uint64_t set_size(int fd);
void add_one(int fd, uint64_t offset, uint64_t len);
void remove_one(int fd, uint64_t offset, uint64_t len);
void add_two(void);

/* n ranges that do not touch each other. */
void fill_many(unsigned int n);

#endif /* SUD_LIB_RANGES_H */
