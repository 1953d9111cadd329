/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The threads that io_uring makes in a process: they belong to it, and run none of its
 * code. By raw calls, for 64-bit code.
 */
#ifndef SUD_LIB_URING_H
#define SUD_LIB_URING_H

#include <stdbool.h>

/*
 * Starts one that works, by a read of an empty pipe, and one that polls. Both stay until
 * the process ends. Return: false where there is no io_uring.
 */
bool uring_start_threads(void);

#endif /* SUD_LIB_URING_H */
