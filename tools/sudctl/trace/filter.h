/* SPDX-License-Identifier: GPL-2.0-only */
/* -e: which calls are shown, and what happens to them. */
#ifndef SUDCTL_TRACE_FILTER_H
#define SUDCTL_TRACE_FILTER_H

#include <stdbool.h>

/* Every call as it is without -e. */
void filter_start(bool shown);

/* trace=LIST, signal=none|all, inject=CALL:...; a LIST alone is trace=LIST. */
bool filter_add(char *expression);

/* CALL[,CALL]:error=E|retval=N|signal=SIG|delay_enter=US|delay_exit=US|when=N[..M][+[S]] */
bool filter_inject(char *expression);

#endif /* SUDCTL_TRACE_FILTER_H */
