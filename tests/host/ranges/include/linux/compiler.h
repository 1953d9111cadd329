/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's words that module/ranges.h uses, for a program. */
#ifndef LINUX_COMPILER_H
#define LINUX_COMPILER_H

#include <stdbool.h>
#include <stddef.h>

#undef __always_inline
#define __always_inline inline __attribute__((__always_inline__))
#define fallthrough __attribute__((__fallthrough__))
#define data_race(expression) (expression)
#define READ_ONCE(x) (*(const volatile __typeof__(x) *)&(x))

#endif /* LINUX_COMPILER_H */
