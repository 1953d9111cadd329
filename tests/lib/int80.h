/* SPDX-License-Identifier: GPL-2.0-only */
/* Kernels without CONFIG_IA32_EMULATION have no int $0x80. */
#ifndef SUD_LIB_INT80_H
#define SUD_LIB_INT80_H

#include <stdbool.h>

bool has_int80(void);
/* Skips the test on a kernel without it. */
void need_int80(void);

#endif /* SUD_LIB_INT80_H */
