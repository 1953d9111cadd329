/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SUD_COMPAT_HAVE_NATIVE_H
#define SUD_COMPAT_HAVE_NATIVE_H

/* The kernel has Syscall User Dispatch itself: since 5.11. */
#if __has_include(<linux/syscall_user_dispatch.h>)
#define SUD_HAVE_NATIVE 1
#endif

#endif /* SUD_COMPAT_HAVE_NATIVE_H */
