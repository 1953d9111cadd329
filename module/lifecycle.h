/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SUD_LIFECYCLE_H
#define SUD_LIFECYCLE_H

int sud_lifecycle_init(void);
void sud_lifecycle_exit(void);

#endif /* SUD_LIFECYCLE_H */
