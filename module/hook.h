/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SUD_HOOK_H
#define SUD_HOOK_H

#include "compat/ftrace.h"

/* The place where ftrace hooks the function @symbol, or 0. */
unsigned long sud_hook_find(const char *symbol);

/* Detaching gave @err. If that is an error, this does not return. */
void sud_hook_must(int err);

#endif /* SUD_HOOK_H */
