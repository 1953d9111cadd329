/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One behaviour a test, each in a process of its own with a time limit; TAP.
 *
 *	TEST(name, "what it shows")	{ CHECK(...); }
 *	TEST_BOTH(name, "...")		the same body through /dev/sud and, where
 *					the kernel has it, through its own prctl
 *
 * A table of cases becomes tests by test_add_case(), in a constructor.
 *
 * A test ends by falling off its end, by a failed CHECK, or by SKIP("why").
 */
#ifndef SUD_LIB_HARNESS_H
#define SUD_LIB_HARNESS_H

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sud.h>

/* @limit: seconds on a kernel that is not slow */
void test_add(const char *name, const char *what, void (*fn)(void), bool both,
	      int limit);
/* A test that is @each(@index): how a table of cases becomes tests. */
void test_add_case(const char *name, const char *what, void (*each)(int index),
		   int index, int limit);

#define TEST_LIMIT(name, what, both, limit)                       \
	static void test_##name(void);                            \
	__attribute__((constructor)) static void add_##name(void) \
	{                                                         \
		test_add(#name, what, test_##name, both, limit);  \
	}                                                         \
	static void test_##name(void)
#define TEST(name, what) TEST_LIMIT(name, what, false, 20)
#define TEST_BOTH(name, what) TEST_LIMIT(name, what, true, 20)

/* Written with raw calls, so that they work in an armed child too. */
void test_fail(const char *file, int line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4), noreturn));
void test_skip(const char *fmt, ...)
	__attribute__((format(printf, 1, 2), noreturn));
/* What a test needs done before a verdict can be reported, or NULL. */
extern void (*test_before_verdict)(void);

#define FAIL(...) test_fail(__FILE__, __LINE__, __VA_ARGS__)
#define SKIP(...) test_skip(__VA_ARGS__)
#define CHECK(cond)                        \
	do {                               \
		if (!(cond))               \
			FAIL("%s", #cond); \
	} while (0)
#define CHECK_EQ(a, b)                                                       \
	do {                                                                 \
		long long a_ = (long long)(a), b_ = (long long)(b);          \
		if (a_ != b_)                                                \
			FAIL("%s is %lld (%#llx), not %lld (%#llx)", #a, a_, \
			     a_, b_, b_);                                    \
	} while (0)
/* The call fails with just this errno. */
#define CHECK_ERR(call, err)                                                  \
	do {                                                                  \
		errno = 0;                                                    \
		long r_ = (long)(call);                                       \
		int e_ = errno;                                               \
		if (r_ != -1 || e_ != (err))                                  \
			FAIL("%s: %ld, errno %d, not -1 and errno %d", #call, \
			     r_, e_, (err));                                  \
	} while (0)
#define CHECK_OK(call)                                                   \
	do {                                                             \
		long r_ = (long)(call);                                  \
		if (r_ < 0)                                              \
			FAIL("%s: %ld, %s", #call, r_, strerror(errno)); \
	} while (0)

/* Runs fn in a child: its wait status. */
int in_child(void (*fn)(void));
/* Fails unless the child dies by this signal. */
void expect_death(void (*fn)(void), int sig);

/* A handler that a death past all handlers must not reach. */
void exit_42(int sig);

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

#endif /* SUD_LIB_HARNESS_H */
