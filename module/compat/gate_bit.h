/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SUD_COMPAT_GATE_BIT_H
#define SUD_COMPAT_GATE_BIT_H

/* 5.10: the bit that gate_macros.S tests, _TIF_SYSCALL_AUDIT. See gate_tif.c. */
#define SUD_ARMING_BIT 0x80

#endif /* SUD_COMPAT_GATE_BIT_H */
