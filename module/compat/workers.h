/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SUD_COMPAT_WORKERS_H
#define SUD_COMPAT_WORKERS_H

#include <linux/sched.h>

/*
 * SUD_PF_WORKERS - flags of threads of a process that never run user code
 *
 * io_uring's and, since 6.4, vhost's (commit f9010dbdce91). They make no system calls
 * and take no signals.
 */
#ifdef PF_USER_WORKER
#define SUD_PF_WORKERS (PF_IO_WORKER | PF_USER_WORKER)
#else
#define SUD_PF_WORKERS PF_IO_WORKER
#endif

#endif /* SUD_COMPAT_WORKERS_H */
