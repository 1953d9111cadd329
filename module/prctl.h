/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's own prctl, served by the module.
 */
#ifndef SUD_PRCTL_H
#define SUD_PRCTL_H

int sud_prctl_init(void);
/* Loading has succeeded: serve. */
void sud_prctl_open(void);
void sud_prctl_exit(void);

#endif /* SUD_PRCTL_H */
