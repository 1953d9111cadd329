/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The threads that io_uring makes in a process: they belong to it, and run none of its
 * code. By raw calls, for 64-bit code.
 */
#ifndef SUD_LIB_URING_H
#define SUD_LIB_URING_H

#include <stdbool.h>

/*
 * One that works: it does a read of @pipe_fd, which is empty. One that polls. Both stay
 * until the process ends. Return: false where there is no io_uring.
 */
bool uring_start_worker(int pipe_fd);
bool uring_start_poller(void);

#endif /* SUD_LIB_URING_H */
