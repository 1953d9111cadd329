/* SPDX-License-Identifier: GPL-2.0-only */
/* SUD_IOC_LIST, as the tests ask it. */
#ifndef SUD_LIB_LISTED_H
#define SUD_LIB_LISTED_H

#include <stdbool.h>
#include <sys/types.h>

#include <sud.h>

/*
 * All that is listed, by calls for @room entries each. It fails unless the threads come
 * in ascending order, each once. Return: how many; the array has @most.
 */
int list_all(int fd, struct sud_list_entry *entries, int most, int room);

/* The thread @tid is listed; *entry becomes what of it. entry may be NULL. */
bool listed(pid_t tid, struct sud_list_entry *entry);

#endif /* SUD_LIB_LISTED_H */
