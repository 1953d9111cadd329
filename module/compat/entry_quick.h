/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SUD_COMPAT_ENTRY_QUICK_H
#define SUD_COMPAT_ENTRY_QUICK_H

/* The bit that entry_macros.S tests: _TIF_SYSCALL_AUDIT, see entry_tif.c. */
#define SUD_QUICK_BIT 0x80

#endif /* SUD_COMPAT_ENTRY_QUICK_H */
