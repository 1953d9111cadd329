/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Children made by raw system calls, whose very first instruction is a system
 * call itself. They report through memory that they share with the parent, use
 * no thread-local storage, and may run on the parent's.
 */
#ifndef SUD_LIB_SPAWN_H
#define SUD_LIB_SPAWN_H

#include <linux/sched.h>
#include <stdint.h>
#include <ucontext.h>

#include <sud.h>

/* One call's number and arguments. */
struct spawn_call {
	uint64_t nr;
	uint64_t arg[5];
};

/* The child's first instruction. */
#define FIRST_NONE 0 /* was not a system call */
#define FIRST_DISPATCHED 1
#define FIRST_RAN 2

/*
 * Make the call, and another one at once: its number is what the first gave, so
 * 0 in a child. It must be dispatched in the parent. spawn_plain() leaves it
 * out. All return the first call's result, in the parent only.
 */
long spawn(const struct spawn_call *call);
long spawn_plain(const struct spawn_call *call);
/* The address after each one's first call, and after the second. */
extern char spawn_ip[], spawn_first_ip[];
/* Where the handler of a dispatched second call goes on. */
extern char spawn_parent[], spawn_dispatched[];
/* Where a child goes on that is none of these, with what it found in edi. */
extern char spawn_go[];

#ifdef __x86_64__
/* The first call by int $0x80, and the second by SYSCALL. */
long spawn_int80(const struct spawn_call *call);
extern char spawn_int80_first_ip[];
/* An upcall in registers: rax tells parent and child apart. */
void spawn_upcall(void);

#define SPAWN_IP REG_RIP
#define SPAWN_AX REG_RAX
#else
#define SPAWN_IP REG_EIP
#define SPAWN_AX REG_EAX
#endif

/* What the child found, in shared memory. */
struct spawn_found {
	volatile int done; /* it uses no memory any more */
	volatile int first; /* FIRST_* */
	volatile int parent; /* the parent's thread id */
	volatile long get; /* what SUD_IOC_GET said, or -errno */
	struct sud_config config; /* and brought */
	volatile long extra[4]; /* the test's own */
};

extern struct spawn_found *found;
/* What else the child does, with calls that are let run; or NULL. */
extern void (*spawn_fn)(void);

/* For a child that is not to run on the parent's stack. */
#define SPAWN_STACK_SIZE 65536
extern char spawn_stack[SPAWN_STACK_SIZE];

/* Once in a test: the handler of SIGSYS, and the shared memory. */
void spawn_init(void);
/* Before each child. */
void spawn_reset(void);
void spawn_wait(void);
/* Waits for the child's end; with CLONE_PARENT, another has to take it. */
void end_child(long pid, uint64_t flags);

/* Only the call that ends at @ip is dispatched; by spawn_config(), spawn()'s second. */
struct sud_config spawn_config_at(const char *ip, unsigned int flags);
struct sud_config spawn_config(unsigned int flags);

#ifdef __x86_64__
#define SPAWN_TLS 4
#define SPAWN_CTID 3
#else
#define SPAWN_TLS 3
#define SPAWN_CTID 4
#endif

/* clone() on a stack of its own, in its order of arguments. */
struct spawn_call spawn_clone(uint64_t flags);

#define CLONE_A_THREAD (CLONE_VM | CLONE_SIGHAND | CLONE_THREAD)

/* What the child found must be this configuration, or none for NULL. */
void check_report(const struct sud_config *want, int first, const char *what,
		  uint64_t flags);
/* After spawn(), and after spawn_plain(). */
void check_found(const struct sud_config *want, const char *what,
		 uint64_t flags);
void check_plain(const struct sud_config *want, const char *what);
/* A child of fork by spawn(), which must be armed as the parent is. */
void check_fork(unsigned int flags);

#endif /* SUD_LIB_SPAWN_H */
