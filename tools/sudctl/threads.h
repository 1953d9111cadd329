/* SPDX-License-Identifier: GPL-2.0-only */
/* The armed threads that the caller may see. */
#ifndef SUDCTL_THREADS_H
#define SUDCTL_THREADS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sud.h>

struct threads {
	struct sud_list_entry *entries;
	size_t count;
};

/* Return: false, and errno says why. threads_free() in either case. */
bool threads_read(struct threads *threads, int fd);
void threads_free(struct threads *threads);

/* @all: how many there are on the machine */
void threads_print(const struct threads *threads, uint64_t all);
void threads_json(const struct threads *threads);

#endif /* SUDCTL_THREADS_H */
