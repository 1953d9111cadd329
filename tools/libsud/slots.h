/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Selectors in a control area of the module: a slot for each thread.
 */
#ifndef SUD_SLOTS_H
#define SUD_SLOTS_H

/**
 * sud_slots_get() - a slot for the calling thread
 * @fd: an open /dev/sud
 *
 * Return: the slot's byte, ALLOW, or NULL: then the selector has to be elsewhere.
 */
__attribute__((visibility("hidden"))) volatile unsigned char *
sud_slots_get(int fd);

/* The byte is nobody's any more. Not for one that a thread is armed with. */
__attribute__((visibility("hidden"))) void
sud_slots_put(volatile unsigned char *byte);

#endif /* SUD_SLOTS_H */
