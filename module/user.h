/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SUD_USER_H
#define SUD_USER_H

#include <linux/types.h>

struct sud_user;

enum sud_budget {
	SUD_BUDGET_SETS, /* the ranges of sets, and control areas */
	SUD_BUDGET_CALLS, /* lists of ranges, while a call works on them */
	SUD_BUDGETS
};

struct sud_user *sud_user_charge(enum sud_budget budget, size_t bytes);
void sud_user_uncharge(struct sud_user *user, enum sud_budget budget,
		       size_t bytes);

#endif /* SUD_USER_H */
