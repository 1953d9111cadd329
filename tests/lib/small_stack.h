/* SPDX-License-Identifier: GPL-2.0-only */
/* A call made on a stack of few bytes, behind which there is no memory. */
#ifndef SUD_LIB_SMALL_STACK_H
#define SUD_LIB_SMALL_STACK_H

#include <stdint.h>

#ifdef __LP64__
/* With @room bytes below the stack pointer, which is then small_stack_sp. */
void small_stack_make(unsigned int room);
extern uintptr_t small_stack_sp;
long call_on_small_stack(long nr);
#endif

#endif /* SUD_LIB_SMALL_STACK_H */
