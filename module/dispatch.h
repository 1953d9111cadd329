/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SUD_DISPATCH_H
#define SUD_DISPATCH_H

#include "compat/gate.h"

struct pt_regs;

enum sud_verdict __noendbr sud_dispatch(struct pt_regs *regs);

#endif /* SUD_DISPATCH_H */
