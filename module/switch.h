/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SUD_SWITCH_H
#define SUD_SWITCH_H

#include <linux/types.h>

/* Does the administrator allow that threads are armed? */
bool sud_switch_allows(void);

#endif /* SUD_SWITCH_H */
