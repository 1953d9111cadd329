/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tools/libsud: a guest, which makes calls by site_a, and handlers for them.
 */
#ifndef SUD_LIB_LIBSUD_GUEST_H
#define SUD_LIB_LIBSUD_GUEST_H

#include <stdbool.h>
#include <stdint.h>

#include <libsud.h>

extern volatile int note_calls;
extern struct sud_call noted;

/* Spoils whatever it may. */
void spoil(void);
long note(struct sud_call *call);

/* All but the numbers no kernel knows. */
long pass_or_note(struct sud_call *call);
extern char guest_stack[256 * 1024];

/* Blocks what site_a() does, and nothing else. */
struct sud_options at_site_a(unsigned int flags, bool own_stack);
void install_at(sud_handler handler, unsigned int flags, bool own_stack);
void install(sud_handler handler);

#endif /* SUD_LIB_LIBSUD_GUEST_H */
