/* SPDX-License-Identifier: GPL-2.0-only */
/* Numbers by chance that come again with the same seed, of which each thread has one. */
#ifndef SUD_LIB_RND_H
#define SUD_LIB_RND_H

extern __thread unsigned int rnd_seed;
unsigned int rnd(unsigned int below);

#endif /* SUD_LIB_RND_H */
