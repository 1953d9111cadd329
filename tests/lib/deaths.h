/* SPDX-License-Identifier: GPL-2.0-only */
/* Calls that a thread makes with a selector or frames of which its process dies. */
#ifndef SUD_LIB_DEATHS_H
#define SUD_LIB_DEATHS_H

void die_of_value(void); /* SIGSYS: the selector says neither ALLOW nor BLOCK */
void die_of_address(void); /* SIGSEGV: it cannot be read */
void die_of_frames(void); /* SIGSEGV: the top of the frames cannot be */

#endif /* SUD_LIB_DEATHS_H */
