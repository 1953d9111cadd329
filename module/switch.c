// SPDX-License-Identifier: GPL-2.0-only
/*
 * The administrator's switch: may threads be armed?
 *
 * 7.3 has the sysctl kernel.syscall_user_dispatch, which the module honours. On
 * every kernel the module has a switch of its own beside it, the parameter
 * allow_arming; one that says no is enough. As with native SUD, "no" refuses to
 * arm and to re-arm; what is armed stays armed, and OFF always works. Children
 * that inherit are not asked about: their parent was.
 */
#include <linux/module.h>

#include "native.h"
#include "switch.h"

static bool allow_arming = true;
module_param(allow_arming, bool, 0644);
MODULE_PARM_DESC(allow_arming,
		 "0 refuses to arm threads, with EPERM; armed ones stay armed");

bool sud_switch_allows(void)
{
	return READ_ONCE(allow_arming) && sud_native_allows();
}
