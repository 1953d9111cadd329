/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Places with a system call instruction, in code of their own each. They stand in
 * a section of their own, .sites, which the Makefile puts below all other code: so
 * a test can exempt all code but one site by a region that starts at its end.
 * site_a is the last of them but for site_b.
 */
#ifndef SUD_LIB_SITES_H
#define SUD_LIB_SITES_H

#include <stdint.h>

/* A number that no kernel knows. */
#define MAGIC_NR 0x2345

long site_a(long nr, long a, long b, long c);
long site_b(long nr, long a, long b, long c);
/* The address after each one's instruction, and their ends. */
extern char site_a_ip[], site_b_ip[], site_a_end[], site_b_end[];
/* int $0x80. Only what fits 32 bits survives in a 64-bit program. */
long site_int80(long nr, long a, long b, long c);
extern char site_int80_ip[];

#ifndef __x86_64__
/* The call by the vDSO at vsyscall_address: sysenter where the CPU has it. */
long site_vsyscall(long nr);
extern uint32_t vsyscall_address;
#endif

#endif /* SUD_LIB_SITES_H */
