/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fault injection: the nth allocation or user copy of the calling thread fails,
 * for n = 1, 2, 3, ... until there is no nth. See fault-injection.rst in the
 * kernel's documentation. get_user() and put_user() do not take part; they are
 * for fault_user.c.
 *
 * A program that uses this is skipped as a whole on a kernel that cannot make
 * anything fail.
 */
#ifndef SUD_LIB_FAULT_H
#define SUD_LIB_FAULT_H

#include <stdbool.h>
#include <sys/types.h>

#define FAULTS "/sys/kernel/debug/"

/* Writes one of the kernel's settings, named from FAULTS on. */
void fault_setting(const char *file, const char *value);

/* First in a test, and last. */
void fault_init(void);
void fault_exit(void);
/* Fails when the kernel has complained since. */
void fault_log_check(void);
/*
 * In a forked child, which has neither from its parent: opens the calling thread's
 * own file; and that, and the test itself takes no page faults that need memory.
 */
void fault_open(void);
void fault_process(void);

/* From here on, the calling thread's nth fails. */
void fault_begin(int n);
/* Ends that. True when the nth has been there, and failed. Keeps errno. */
bool fault_end(void);
/*
 * Does it with the nth failing. Return: whether there was an nth; @ret and errno
 * are of the operation.
 */
bool fault_try(int n, long (*op)(void), long *ret);
/* As fault_end(), of a process that is dead but not yet waited for. */
bool fault_happened_to(pid_t pid);

/* A thread that has exited may take a moment to give its reference back. */
void check_module_refs(int wanted);

#define FAULT_ERRORS 4

/**
 * struct fault_sweep - one operation, and how it is judged
 * @name: of the operation
 * @reset: makes the state that it begins in; or NULL
 * @op: negative and errno when it fails, as a system call
 * @unchanged: checks, when it has failed, that all is as @reset left it
 * @done: checks, when it has not, that it did what it says, and undoes it
 * @wanted: the errors that must come, 0 behind the last; EFAULT where there is a
 *	user copy that can be made to fail
 * @also: others that may come from the parts of the kernel that it goes through
 */
struct fault_sweep {
	const char *name;
	void (*reset)(void);
	long (*op)(void);
	void (*unchanged)(void);
	void (*done)(void);
	int wanted[FAULT_ERRORS];
	int also[FAULT_ERRORS];
};

/*
 * Until all errors that are wanted have come. The kernel's caches are not always
 * as full, so what was the nth may be the one after it in the next pass, and never
 * fail: hence more than one round.
 */
void fault_sweep(const struct fault_sweep *sweep);

#endif /* SUD_LIB_FAULT_H */
