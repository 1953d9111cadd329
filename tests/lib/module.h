/* SPDX-License-Identifier: GPL-2.0-only */
/* Loading and unloading the module, and how often it is held. */
#ifndef SUD_LIB_MODULE_H
#define SUD_LIB_MODULE_H

#include <stdbool.h>

/* Notes whether it is loaded, and its parameters, before any test changes them. */
void module_note(void);
/* As it was noted: loaded or not, and with those parameters. */
bool module_is_as_noted(void);

/* With the parameters that were noted, and with others. */
bool module_load(void);
bool module_load_with(const char *params);
bool module_unload(void);

/*
 * When nothing holds it any more, the test's own descriptor included: rmmod works,
 * and the module and the descriptor come back.
 */
void module_reload(void);

/* How often the module is held. */
int module_refs(void);
/* It is so many times, at once or when the exits are through. */
void check_refs_within(int wanted, int ms);
void check_refs(int wanted);

#endif /* SUD_LIB_MODULE_H */
