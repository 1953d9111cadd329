/* SPDX-License-Identifier: GPL-2.0-only */
/* The words for what a thread is armed with. */
#ifndef SUDCTL_WORDS_H
#define SUDCTL_WORDS_H

#include <stdint.h>

const char *words_mode(uint32_t mode);
const char *words_delivery(uint32_t delivery);

/*
 * The name of the lowest SUD_FLAG_* in *flags, which is taken out; NULL when there is
 * none left. One that has no name is "0x...", in memory that the next call uses again.
 */
const char *words_next_flag(uint32_t *flags);

#endif /* SUDCTL_WORDS_H */
