/* SPDX-License-Identifier: GPL-2.0-only */
/* A thread that is armed for site_a alone, and what its children are. */
#ifndef SUD_LIB_ARMED_H
#define SUD_LIB_ARMED_H

#include <stdbool.h>

#include <sud.h>

#define BOTH (SUD_FLAG_INHERIT_THREAD | SUD_FLAG_INHERIT_FORK)

/* Not armed. */
extern const struct sud_config config_off;

/* Calls by site_a are blocked, and no others. */
struct sud_config config_a(unsigned int flags);
void arm_a(unsigned int flags);

bool same(const struct sud_config *a, const struct sud_config *b);

/* By what GET says, and by what becomes of a call by site_a. */
void check_armed(const struct sud_config *want);
void check_armed_a(unsigned int flags);
void check_off(void);

/* In a child, which must end well; and in a thread. */
void in_process(void (*fn)(void));
void in_thread(void (*fn)(void));
/* For pthread_create(): calls @fn, which is a void (*)(void). */
void *call_it(void *fn);
void do_nothing(void);

/* Every call is blocked, by SIGSYS or by upcall, as the selector says. */
void arm_all(bool by_upcall);

/*
 * This thread is off, and so are a thread and a child of its own; or all are
 * armed, down to four generations. A test that begins a family sets it to 0.
 */
extern int family_depth;
void child_is_off(void);
void all_are_armed(void);

#endif /* SUD_LIB_ARMED_H */
