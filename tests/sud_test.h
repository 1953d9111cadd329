/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One behaviour a test, each in a process of its own with a time limit; TAP.
 *
 *	TEST(name, "what it shows")	{ CHECK(...); }
 *	TEST_BOTH(name, "...")		the same body through /dev/sud and, where
 *					the kernel has it, through its own prctl
 *
 * A test ends by falling off its end, by a failed CHECK, or by SKIP("why").
 */
#ifndef SUD_TEST_H
#define SUD_TEST_H

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
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include <sud.h>

#ifndef PR_SET_SYSCALL_USER_DISPATCH
#define PR_SET_SYSCALL_USER_DISPATCH 59
#endif
#ifndef SYS_USER_DISPATCH
#define SYS_USER_DISPATCH 2
#endif
#ifndef AUDIT_ARCH_X86_64
#define AUDIT_ARCH_X86_64 0xc000003eu
#define AUDIT_ARCH_I386 0x40000003u
#endif

/* A number that no kernel knows. */
#define MAGIC_NR 0x2345

enum { T_PASS, T_FAIL, T_SKIP };

struct sud_test {
	const char *name;
	const char *what;
	void (*fn)(void);
	bool both;
	int limit;
};

extern struct sud_test sud_tests[];
extern int sud_test_count;

void sud_test_add(const char *name, const char *what, void (*fn)(void),
		  bool both, int limit);

#define TEST_LIMIT(name, what, both, limit)                          \
	static void test_##name(void);                               \
	__attribute__((constructor)) static void add_##name(void)    \
	{                                                            \
		sud_test_add(#name, what, test_##name, both, limit); \
	}                                                            \
	static void test_##name(void)
#define TEST(name, what) TEST_LIMIT(name, what, false, 20)
#define TEST_BOTH(name, what) TEST_LIMIT(name, what, true, 20)

/* Written with raw calls, so that they work in an armed child too. */
void sud_fail(const char *file, int line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4), noreturn));
void sud_skip(const char *fmt, ...)
	__attribute__((format(printf, 1, 2), noreturn));

#define FAIL(...) sud_fail(__FILE__, __LINE__, __VA_ARGS__)
#define SKIP(...) sud_skip(__VA_ARGS__)
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

/* The back end of this run: /dev/sud or the kernel's own prctl. */
extern bool native;
extern int sud_fd;

bool native_has(int mode);
int arm(int mode, unsigned long offset, unsigned long len,
	volatile void *selector);
static inline int disarm(void)
{
	return arm(SUD_MODE_OFF, 0, 0, NULL);
}

/* The selector most tests use; the SIGSYS handler sets it to ALLOW. */
extern volatile unsigned char selector;

/* What the last SIGSYS brought. */
struct seen {
	volatile int count;
	siginfo_t info;
	ucontext_t uc;
};

extern struct seen seen;

void handle_sigsys(void);

/* Two places with a system call instruction, in code of their own each. */
long site_a(long nr, long a, long b, long c);
long site_b(long nr, long a, long b, long c);
/* The address after each one's instruction, and their ends. */
extern char site_a_ip[], site_b_ip[], site_a_end[], site_b_end[];
/* int $0x80. Only what fits 32 bits survives in a 64-bit program. */
long site_int80(long nr, long a, long b, long c);
extern char site_int80_ip[];

/* As site_a(), with the selector at BLOCK. The handler leaves it at ALLOW. */
static inline long blocked(long nr, long a, long b, long c)
{
	selector = SUD_SELECTOR_BLOCK;
	return site_a(nr, a, b, c);
}

static inline bool dispatched_at(long nr)
{
	int before = seen.count;

	blocked(nr, 0, 0, 0);
	return seen.count == before + 1;
}

/* A call that would say ENOSYS natively is dispatched: the thread is armed. */
static inline bool armed_now(void)
{
	bool yes = dispatched_at(MAGIC_NR);

	selector = SUD_SELECTOR_ALLOW;
	return yes;
}

/* Runs fn in a child: its wait status. */
int in_child(void (*fn)(void));
/* Fails unless the child dies by this signal. */
void expect_death(void (*fn)(void), int sig);

bool file_write(const char *path, const char *text);
bool file_contains(const char *path, const char *text);
bool module_load(void);
bool module_unload(void);
void sleep_ms(int ms);
/* How often to do what is done often for luck's sake: n, or less where it is slow. */
int often(int n);
/* True when fn() became true within the limit. */
bool wait_until(bool (*fn)(void), int ms);
/* What a file of the kernel says, which is a number. */
int number_in(const char *path);
/* How often the module is held. */
int module_refs(void);
/* It is so many times, at once or when the exits are through. */
void check_refs_within(int wanted, int ms);

#endif /* SUD_TEST_H */
