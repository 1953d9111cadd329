/* SPDX-License-Identifier: GPL-2.0-only */
/* A container, as docker and bwrap make them: /dev is another, without /dev/sud. */
#ifndef SUD_LIB_CONTAINER_H
#define SUD_LIB_CONTAINER_H

#include <stdbool.h>

/* How the device is passed in. */
enum passed {
	PASSED_NOT,
	PASSED_BIND, /* bwrap --dev-bind */
	PASSED_NODE, /* docker run --device */
};

/*
 * From here on this process is in one. @user: in a user namespace of its own as well,
 * where it is nobody; the test is skipped where there are none.
 */
void container_enter(enum passed passed, bool user);

#endif /* SUD_LIB_CONTAINER_H */
