/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#ifndef SUD_SHADOW_H
#define SUD_SHADOW_H

#include <stddef.h>
#include <stdint.h>

/* How many return addresses lie on top of the token of the youngest signal. */
__attribute__((visibility("hidden"))) size_t
sud_shadow_above_token(const uint64_t *ssp);

#endif /* SUD_SHADOW_H */
