/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What tests change of the whole machine: the module, ftrace, probes, sysctls. A
 * test puts it back itself; one that fails half-way cannot, and would take those
 * after it with it, so the harness does.
 */
#ifndef SUD_LIB_MACHINE_H
#define SUD_LIB_MACHINE_H

/* Before the first test: this is how all is to be. */
void machine_note(void);
/* After a test that failed: puts back what differs, and prints a line for each. */
void machine_restore(void);

#endif /* SUD_LIB_MACHINE_H */
