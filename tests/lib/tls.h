/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For SUD_FLAG_SELECTOR_FS: a selector and a frame top in thread-local storage,
 * which the configuration names by their offset from the FS base.
 */
#ifndef SUD_LIB_TLS_H
#define SUD_LIB_TLS_H

#include <stdbool.h>
#include <stdint.h>

#include <sud.h>

extern __thread volatile unsigned char tls_selector;

#ifdef __LP64__
extern __thread volatile uint64_t tls_top, tls_ups;
/*
 * For upcalls with a stack of frames at tls_top: gives the frame back, counts in
 * tls_ups, sets tls_selector to ALLOW, and gives RESULT.
 */
void entry_tls(void);

uint64_t fs_base(void);
uint64_t from_fs(const volatile void *p);
/* Moves it by an instruction, where user mode has one. */
bool has_wrfsbase(void);
void set_fs_base(uint64_t base);

/* Exclusive, with tls_selector. Calls by site_b always run. */
struct sud_config config_fs(unsigned int flags);
#endif

#endif /* SUD_LIB_TLS_H */
