/* SPDX-License-Identifier: GPL-2.0-only */
/* Processes whose calls by site_a wait for a listener, and what answers them. */
#ifndef SUD_LIB_NOTIFY_H
#define SUD_LIB_NOTIFY_H

#include <stdbool.h>
#include <sys/types.h>

#include <sud.h>

/* The listener of sud_fd. */
extern int listener;

void start_listener(unsigned int flags);

struct sud_config config_notify(unsigned int flags);
void arm_notify(void);

/* A child that is armed so, has no listener of its own open, calls @fn and exits. */
pid_t start_caller(void (*fn)(void));
/* Some seconds, for the next call of @listener. */
void wait_for_call(void);
/* The same, and takes it. */
struct sud_notification take_call(void);
/* A listener, a caller, and its first call. */
struct sud_notification take_first(unsigned int flags, void (*fn)(void),
				   pid_t *pid);
/* No call is there. */
void check_no_call(void);

struct sud_answer answer_with(const struct sud_notification *call, long result);
void answer(const struct sud_notification *call, long result);
/* With SUD_ANSWER_*; the registers are @call's. */
void answer_by(const struct sud_notification *call, unsigned int flags);
/* The caller has ended well. */
void end_caller(pid_t pid);
/* The caller was killed by a signal. */
void caller_died(pid_t pid, int sig);
/* Until the thread sleeps. */
void wait_asleep(pid_t pid);

#endif /* SUD_LIB_NOTIFY_H */
