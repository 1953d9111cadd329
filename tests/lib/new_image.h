/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What an exec leaves of an armed thread: this program again. The new image must be
 * off from its first instruction, since libc's start-up makes calls, and SIGSYS has
 * its default action there. Before main() it looks whether it is, and exits.
 */
#ifndef SUD_LIB_NEW_IMAGE_H
#define SUD_LIB_NEW_IMAGE_H

/* How it exits: off; armed by what GET says, or by what a call does; no exec. */
enum {
	NEW_IMAGE_ARMED = 41,
	NEW_IMAGE_DISPATCHED = 42,
	NEW_IMAGE_OFF = 43,
	NEW_IMAGE_NONE = 44,
};

/* For execve(). */
extern char *new_image_args[], *new_image_env[];

void new_image_exec(void);

#endif /* SUD_LIB_NEW_IMAGE_H */
