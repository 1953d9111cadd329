/* SPDX-License-Identifier: GPL-2.0-only */
/* The parts of sudctl doctor: a check is a function that fills in a finding. */
#ifndef SUDCTL_DOCTOR_H
#define SUDCTL_DOCTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/utsname.h>

enum verdict {
	FINE,
	NOTE, /* nothing is wrong by now, but worth to be known */
	UNKNOWN, /* it cannot be seen from here, or by this user */
	BAD,
};

/**
 * struct finding - what a check found
 * @verdict: of the check
 * @found: what there is, in words
 * @mend: the one command that mends it, or what to do; empty for nothing
 */
struct finding {
	enum verdict verdict;
	char found[320];
	char mend[320];
};

/**
 * struct machine - what several checks ask for
 * @uts: the kernel's name for itself
 * @loaded: the module is loaded, as far as /sys says
 */
struct machine {
	struct utsname uts;
	bool loaded;
};

/* Fill in the words, and the verdict. */
void found(struct finding *finding, enum verdict verdict, const char *format,
	   ...) __attribute__((format(printf, 3, 4)));
void mend(struct finding *finding, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* doctor_kernel.c */
void check_kernel(const struct machine *machine, struct finding *finding);
void check_options(const struct machine *machine, struct finding *finding);
void check_secure_boot(const struct machine *machine, struct finding *finding);
void check_lockdown(const struct machine *machine, struct finding *finding);
void check_ftrace(const struct machine *machine, struct finding *finding);
void check_hook(const struct machine *machine, struct finding *finding);

/* doctor_module.c */
void check_headers(const struct machine *machine, struct finding *finding);
void check_dkms(const struct machine *machine, struct finding *finding);
void check_module(const struct machine *machine, struct finding *finding);
void check_container(const struct machine *machine, struct finding *finding);
void check_device(const struct machine *machine, struct finding *finding);
void check_switch(const struct machine *machine, struct finding *finding);

/* doctor_try.c: a real test of each delivery */
void try_sigsys(const struct machine *machine, struct finding *finding);
void try_registers(const struct machine *machine, struct finding *finding);
void try_frames(const struct machine *machine, struct finding *finding);
void try_listener(const struct machine *machine, struct finding *finding);

#endif /* SUDCTL_DOCTOR_H */
