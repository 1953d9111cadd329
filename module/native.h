/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SUD_NATIVE_H
#define SUD_NATIVE_H

#include <linux/types.h>

#ifdef SUD_HAVE_NATIVE
int sud_native_init(void);
void sud_native_exit(void);
/* Would the kernel's own prctl arm a thread? */
bool sud_native_allows(void);
#else
static inline int sud_native_init(void)
{
	return 0;
}

static inline void sud_native_exit(void)
{
}

static inline bool sud_native_allows(void)
{
	return true;
}
#endif

#endif /* SUD_NATIVE_H */
