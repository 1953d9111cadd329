/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SUD_DEV_H
#define SUD_DEV_H

int sud_dev_init(void);
void sud_dev_exit(void);

#endif /* SUD_DEV_H */
