/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For the sweeps of the ioctls: what a thread is armed with, and what its region set
 * holds, before and after an operation that fails.
 */
#ifndef SUD_LIB_FAULT_STATE_H
#define SUD_LIB_FAULT_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include <sud.h>

/* What the thread is armed with before and after an operation. */
extern struct sud_config state_was, state_next;
struct sud_config config_of(unsigned int mode, unsigned int flags);
bool dispatched(long (*site)(long nr, long a, long b, long c));

/* The thread is armed just so, by what it says and by what it does. */
void check_armed_with(const struct sud_config *want);
struct sud_range site_b_range(void);

/* Begins a test: site_b is what the thread's own descriptor exempts. */
void state_begin(void);
void state_set_was(void);
void state_is_was(void);
#define OFF config_of(SUD_MODE_OFF, 0)
#define ARMED(flags) config_of(SUD_MODE_EXCLUSIVE, flags)

/* A set of its own for each pass: one that has once grown stays so. */
extern int set_fd;
extern struct sud_range set_base[64], set_change[64], set_result[256];
extern __u64 set_base_count, set_change_count, set_result_count, set_listed;
void set_check(const struct sud_range *want, uint64_t count);
void set_new(void);
struct sud_range nth_range(int n);

/* Ranges of which none touches another. */
void fill_ranges(struct sud_range *ranges, int first, int count);

#endif /* SUD_LIB_FAULT_STATE_H */
