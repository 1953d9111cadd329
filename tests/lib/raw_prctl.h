/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * PR_SET_SYSCALL_USER_DISPATCH by raw system calls, and who serves it: the kernel, or
 * the module with its parameter prctl.
 */
#ifndef SUD_LIB_RAW_PRCTL_H
#define SUD_LIB_RAW_PRCTL_H

#include <stdbool.h>
#include <stdint.h>

#include <sud.h>

#define PARAMETER "/sys/module/sud/parameters/prctl"

/* By SYSCALL, or by int $0x80: 0 or a negative errno. */
extern bool by_int80;
long raw_prctl(uint64_t option, uint64_t mode, uint64_t offset, uint64_t len,
	       uint64_t sel);
long sud_prctl(uint64_t mode, uint64_t offset, uint64_t len,
	       volatile void *sel);
bool prctl_served(void);
bool kernel_has(int mode);

/* The module serves it, and not the kernel. */
bool from_module(void);
void prctl_start(void);
void unload_first(void);
void load_again(void);

#ifdef __LP64__
/*
 * These load the module with and without the parameter, so they need not be run
 * both ways, nor as 32-bit programs, which are slow enough.
 */
void need_default(void);
#endif

#endif /* SUD_LIB_RAW_PRCTL_H */
