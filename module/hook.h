/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SUD_HOOK_H
#define SUD_HOOK_H

#include <linux/types.h>

/* entry.S: the trampoline, and the "ret" by which the hooked function returns. */
void sud_trampoline(void);
void sud_trampoline_return(void);

int sud_hook_init(void);
void sud_hook_exit(void);

/* The name of the function that is hooked, for people. */
void sud_hook_name(char *name, size_t size);

#endif /* SUD_HOOK_H */
