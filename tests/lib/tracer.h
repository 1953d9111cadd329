/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For the tests of GET_TASK and SET_TASK: tracees that stop and afterwards say
 * how their calls were judged.
 */
#ifndef SUD_LIB_TRACER_H
#define SUD_LIB_TRACER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/ptrace.h>
#include <sys/types.h>
#include <sys/wait.h>

#include "upcalls.h"

/* glibc has the names since 2.40. */
#ifndef PTRACE_SET_SYSCALL_USER_DISPATCH_CONFIG
#define PTRACE_SET_SYSCALL_USER_DISPATCH_CONFIG 0x4210
#define PTRACE_GET_SYSCALL_USER_DISPATCH_CONFIG 0x4211
#endif

/* This program's own code, as SUD_TASK_32BIT says it. */
#ifdef __i386__
#define OWN_BITS SUD_TASK_32BIT
#else
#define OWN_BITS 0
#endif

/* The tests' processes share it, also those of another bitness. */
extern struct shared {
	struct sud_config config;
	volatile uint64_t b, b_end, selector, entry, top;
	volatile int64_t rounds[4];
	volatile int32_t ready, turn, self_arm, bits, uid;
	volatile int32_t tid[4];
	char got[4][8];
} *sh;

void share(void);
bool is_ready(void);

/*
 * Verdicts: site_a() with the selector at BLOCK, at ALLOW, site_b() with both,
 * and site_int80() with BLOCK. A call that ran is a '-', one that came by SIGSYS
 * an 's', one by upcall a 'u'.
 */
void probes(char *got);
void check_verdicts(const char *got, const char *want);

#define V_OFF "-----"
/* The calls of site_b, and no others: libc's run. */
struct sud_config config_only_b(void);
#define V_ONLY_B "--ss-"
/* All but site_b's, when the selector says so. */
struct sud_config config_but_b(void);
#define V_BUT_B "s---s"
/* The same, by upcall. */
struct sud_config config_but_b_upcall(bool with_frames);
#define V_FRAMES "u---u"
#define V_REGS "u---s"
/* The calls from a region set's ranges. */
struct sud_config config_set(void);
void add_range(int fd, void *from, void *to);

/* The two ioctls; SET_TASK says that the thread is of this program's bitness. */
int get_task(int fd, pid_t tid, struct sud_task_config *t,
	     struct sud_config *c);
int set_task(int fd, pid_t tid, const struct sud_config *c, uint64_t set);
void set_config(pid_t tid, const struct sud_config *c);
/* A good argument for one of them, with config_only_b() in *c. */
struct sud_task_config good_task(pid_t tid, unsigned int cmd,
				 struct sud_config *c);
/* GET_TASK gives this configuration, byte for byte. */
void check_get(pid_t tid, const struct sud_config *want);
/* Both ioctls fail with this errno. */
void check_both(pid_t tid, int err);

/* The next stop: its signal, with the event above it. */
int wait_stop(pid_t tid);
#define EVENT_STOP(sig) ((sig) | PTRACE_EVENT_STOP << 8)
#define EVENT(event) (SIGTRAP | (event) << 8)
void cont(pid_t tid, int sig);

/*
 * A child that is armed as armed_as says; runs stop(), and then notes its
 * verdicts in sh->got[0].
 */
extern struct sud_config armed_as;
pid_t tracee_start(void (*stop)(void));
/* For stop(): as a tracee; and until something is written to go[1]. */
void stop_by_itself(void);
void stop_then_exit(void); /* with 7 */
void sleep_until_go(void);
extern int go[2];

/* tracee_start(), up to a stop of its own. */
pid_t bring(void (*stop)(void), unsigned long options);
pid_t bring_traceme(void);
/* Not a tracee yet, and one by SEIZE and INTERRUPT. */
pid_t bring_asleep(void);
pid_t bring_interrupt(void);
/* In a group-stop. */
pid_t bring_group(void);
/* On to the entry of the call with this number. */
void to_entry(pid_t pid, unsigned long nr);

/*
 * Lets it go on to its end: signals pass, that of the stop it is in, too, when
 * pending says so; stops of other kinds do not hold it.
 */
extern int pending;
int run_to_end(pid_t pid);
/* And these are its verdicts. */
void finish(pid_t pid, const char *want);

/*
 * A new image: this program, or the one at image_path. "probe" stops by itself
 * and notes its verdicts, "loop" executes itself n times.
 */
extern const char *image_path;
void image_exec(const char *path, const char *what, int n);
void stop_then_exec(void);

/* As many references as before; and the module can be unloaded. */
void check_nothing_left(int refs);

#endif /* SUD_LIB_TRACER_H */
