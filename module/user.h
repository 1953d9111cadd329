/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SUD_USER_H
#define SUD_USER_H

#include <linux/types.h>

struct sud_user;

struct sud_user *sud_user_charge(size_t bytes);
void sud_user_uncharge(struct sud_user *user, size_t bytes);

#endif /* SUD_USER_H */
