/* SPDX-License-Identifier: GPL-2.0-only */
/* Threads that nobody waits for. */
#ifndef SUD_LIB_DETACHED_H
#define SUD_LIB_DETACHED_H

#include <stdbool.h>

/*
 * Detached from its birth: glibc's pthread_detach() looks at the thread again when it may
 * have ended already, and its memory be gone.
 */
bool start_detached(void *(*fn)(void *));

#endif /* SUD_LIB_DETACHED_H */
