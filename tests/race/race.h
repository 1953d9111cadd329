/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The race test. race.c is the way in; the other files:
 *
 *	probe.S		a call with every register known, handlers of upcalls,
 *			the first instructions of a child
 *	call.c		which verdict a call must get, and whether it got it
 *	handlers.c	signals
 *	arm.c		configurations at random
 *	regions.c	region sets at random
 *	listener.c	the processes that answer calls which wait
 *	worker.c	the threads that do all this, and the table of operations
 *	family.c	children: fork, vfork, clone, threads; off, or armed
 *	ends.c		exec, exit, SIGKILL
 *	death.c		what must kill, and what may sleep in the hook
 *	solo.c		a child's own configurations, without an exempt region
 *	tracer.c	ptrace: of workers
 *	follow.c	of children of its own
 *	stops.c		what may be done to a thread that is stopped
 *	parent.c	a parent that asks for threads that others trace
 *	ftrace.c	tracers, kprobes and uprobes on and off
 *	bystander.c	processes that are not armed here
 *	coordinator.c	starts, kills, watches; loads and unloads the module
 *	report.c	what went wrong, and how much was done
 *
 * Nothing here calls libc for a system call: sys() works in a thread that has
 * another thread's FS base, or none, and nothing writes errno.
 */
#ifndef RACE_H
#define RACE_H

#define SELF_UP_COUNT 8
#define SELF_UP_AX 16
#define SELF_UP_CX 24
#define SELF_UP_R11 32
#define SELF_UP_SP 40
#define SELF_UP_DX 48
#define SELF_TOP 56
#define SELF_UP_FRAME 64
#define SELF_LOW_SP 96
#define SELF_HIGH_SP 104
#define SELF_FAR 112

#define PROBE_IN 0
#define PROBE_OUT 128
#define PROBE_XIN 256
#define PROBE_XOUT 304
#define PROBE_TARGET 352
#define PROBE_SP_IN 360
#define PROBE_SP_OUT 368
#define PROBE_RED 376

/* What a handler of upcalls returns, and the SIGSYS handler too. */
#define RESULT 0x600df00d
/* A listener's rcx and r11, where it says what all registers become. */
#define ANSWER_CX 0x5ec0d15e
#define ANSWER_R11 0x0ddba11
/* What probe.S writes below the stack pointer, and finds there again. */
#define RED_ZONE 0x1badcafe

/* Bytes from one cell to the next, see struct cells in call.c. */
#define CELL 64
/* From a call to the address after it, by each way. */
#define AFTER 2

#ifndef __ASSEMBLER__

#include <assert.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>

#include "../../tools/raw_call.h"
#include <sud.h>

typedef uint64_t u64;
typedef uint32_t u32;
typedef uint8_t u8;

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* No kernel knows these; the first is only used where it must be dispatched. */
#define NR_DISPATCHED 0x2445
#define NR_NATURAL 0x2446

/*
 * The calls under test are made from cells, at low addresses, where nothing else
 * is. All other code lies above.
 */
#define CELLS 0x200000UL
#define CELLS_END 0x201000UL
#define USER_END 0x7fffffffe000UL
#define OWN_CELLS 4
#define RACY_CELLS 4
#define LOW_STACKS 0x210000UL
#define LOW_STACK 0x8000UL

#define MAX_WORKERS 8
#define MAX_THREADS 4
/* Threads and children in the memory of a worker's thread. */
#define EXTRAS 2
#define SELVES (MAX_THREADS * (1 + EXTRAS))
#define TRACERS 2
#define SLOTS (MAX_WORKERS + TRACERS + 3)
#define RING 24

/* What is counted; report.c says how it is called, and in which line. */
enum kind {
	K_arm,
	K_rearm,
	K_disarm,
	K_refused,
	K_region,
	K_ranges,
	K_listed,
	K_flip,
	K_vanish,
	K_run,
	K_sigsys,
	K_regs,
	K_frames,
	K_notify,
	K_late,
	K_either,
	K_int80,
	K_compat,
	K_restart,
	K_mapped,
	K_mapped_frames,
	K_nested,
	K_prctl,
	K_uprobed,
	K_fork,
	K_vfork,
	K_clone_vm,
	K_thread,
	K_inherit,
	K_exec,
	K_exec_thread,
	K_exit,
	K_life,
	K_kill_worker,
	K_kill_child,
	K_kill_tracer,
	K_stop,
	K_usr1,
	K_bad_selector,
	K_no_selector,
	K_bad_fs,
	K_bad_top,
	K_sigsys_blocked,
	K_in_hook,
	K_nth,
	K_seize,
	K_stops,
	K_step,
	K_stepped_over,
	K_get_task,
	K_set_task,
	K_asked,
	K_disturb,
	K_tracee,
	K_ftrace,
	K_kprobe,
	K_event,
	K_uprobe,
	K_refused_unload,
	K_load,
	K_bystander,
	K_list,
	KIND_COUNT
};

enum way { WAY_SYSCALL, WAY_INT80, WAY_COMPAT };

/* Native, handed over, or not to be known. */
enum expect { RUN, HAND, ANY };

/* Which set a configuration with SUD_FLAG_REGIONS is judged by. */
enum set { SET_EXEMPT, SET_JUDGED, SET_PRIVATE, SETS };

/* The configuration that a thread knows it has. */
struct model {
	struct sud_config c;
	enum set which;
	bool shared; /* the selector is everybody's */
	volatile u8 *selector;
	u64 *top; /* of the frames; where there are none, NULL */
};

/* One call: what goes in and what comes out. probe.S knows the first part. */
struct probe {
	u64 in[16], out[16];
	u64 xin[3][2], xout[3][2];
	u64 target, sp_in, sp_out, red[3];
	enum way way;
	u64 ip;
	int nr;
	u32 flags; /* SUD_FLAG_* */
	volatile int signals; /* SIGSYS that came for it */
};

enum { AX, BX, CX, DX, SI, DI, BP, R8, R9, R10, R11, R12, R13, R14, R15, FL };

/* What a new child does first, and then. */
struct first {
	bool armed;
	enum way way;
	int cell;
	int after;
};

/* A thread, found by its GS base. probe.S knows the first part. */
struct self {
	struct self *self;
	volatile u64 up_count, up_ax, up_cx, up_r11, up_sp, up_dx;
	u64 *top; /* of the stack of upcall frames */
	struct sud_upcall_frame up_frame;
	u64 low_sp, high_sp;
	u32 far_ip;
	u32 far_cs;

	/*
	 * How often a tracer has given the thread another configuration, and
	 * how often had it when the thread last set its own.
	 */
	volatile u64 disturbs, settled;
	/* Between the two, a SET is under way. Read by tracers, too. */
	volatile u64 changing;
	struct model model, pending;
	int pid, tid;
	int index;
	bool extra; /* a raw child or thread: it leaves the sets alone */
	bool forked; /* in a process of its own */
	bool solo; /* the restorer is not exempt */
	volatile bool nested; /* signal handlers may make calls */
	struct probe *volatile cur;
	struct self *parent;
	u64 rng;
	int own; /* the first of its cells */
	/* One bit a byte of its own cells: is it in the set? */
	u64 bits[SETS][OWN_CELLS];
	volatile u8 selector;
	u64 own_top;
	struct sud_upcall_frame frames[32];
	/* Of a child that this thread made or is. */
	struct first first;
	void (*fn)(struct self *s);
	volatile int alive;
	struct beat *beat;
};

/* What the coordinator sees of a thread. */
struct beat {
	volatile int tid;
	volatile u32 step;
	volatile int op;
	volatile u64 moves; /* grows as long as the thread gets on */
	const char *volatile waits;
	volatile long waits_for;
	struct {
		u32 step;
		int op;
		long note;
	} ring[RING];
	volatile u32 at;
};

enum role { R_NONE, R_WORKER, R_TRACER, R_FTRACE, R_BYSTANDER };

struct slot {
	enum role role;
	volatile int pid;
	volatile int server; /* of its listener, or 0 */
	volatile u32 gen;
	/* The tracer may be killed: 1; it is being killed: 2. */
	volatile int killable;
	/*
	 * A tracer has stepped one of its threads. Where SIGTRAP was blocked, as in
	 * its handler and at the ends of a libc thread, the kernel has then set its
	 * handler to the default, and one that is still pending when the tracer
	 * detaches or dies kills.
	 */
	volatile bool stepped;
	struct beat beat[MAX_THREADS];
};

struct failure {
	volatile int set; /* 1 while it is written, 2 when it is there */
	char file[32], what[200];
	int line;
	u64 got, want;
	int pid, tid, slot, thread, op;
	u32 gen, step;
};

struct shared {
	u64 seed;
	int workers, threads;
	unsigned long ops; /* the operations that are wanted */
	volatile int stop, quiesce, loaded;
	bool fsgsbase, native, prctl, uffd, nth;
	bool verbose;
	struct failure failure;
	volatile u64 counts[KIND_COUNT];
	struct slot slots[SLOTS];
};

extern struct shared *sh;

/* A thread's part of the control area. */
struct area_slot {
	volatile u8 selector;
	u8 unused[63]; /* in another cache line than what follows */
	u64 top;
	struct sud_upcall_frame frames[28];
};

#define AREA_SIZE ((SELVES * sizeof(struct area_slot) + 4095) & ~4095UL)

/* This process. */
struct process {
	int pid;
	int slot;
	u32 gen;
	int fd[SETS]; /* SET_PRIVATE: unused */
	volatile u8 selector; /* everybody's */
	volatile u8 *page; /* selectors on a page of their own */
	struct area_slot *area; /* a control area: a slot for each of selves */
	int listener; /* of fd[SET_EXEMPT] */
	int server; /* the process that serves it */
	int file; /* an empty one, for its lseek() */
	volatile bool halt;
};

extern struct process proc;
extern struct self selves[SELVES];

#define SYS7(nr, a, b, c, d, e, f, ...)                                     \
	raw_call(nr, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), \
		 (long)(f))
/* A system call with up to six arguments; -errno on error. */
#define sys(...) SYS7(__VA_ARGS__, 0, 0, 0, 0, 0, 0, 0)

static inline void barrier(void)
{
	asm volatile("" ::: "memory");
}

static inline struct self *self(void)
{
	struct self *s;

	asm volatile("movq %%gs:0, %0" : "=r"(s));
	return s;
}

/* The model is not what the thread is armed with. */
static inline bool disturbed(const struct self *s)
{
	return s->disturbs != s->settled;
}

static inline u64 mix(u64 x)
{
	x += 0x9e3779b97f4a7c15;
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
	x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
	return x ^ (x >> 31);
}

static inline u64 rnd(struct self *s)
{
	s->rng += 0x9e3779b97f4a7c15;
	return mix(s->rng);
}

static inline u32 below(struct self *s, u32 n)
{
	return (rnd(s) >> 32) % n;
}

static inline bool chance(struct self *s, u32 one_in)
{
	return !below(s, one_in);
}

static inline void count_n(enum kind kind, u64 n)
{
	__atomic_fetch_add(&sh->counts[kind], n, __ATOMIC_RELAXED);
}

#define count(name) count_n(K_##name, 1)

/* race.c: the first failure is kept, and ends the run. Needs no system call. */
void fail(struct self *s, const char *file, int line, const char *what, u64 got,
	  u64 want) __attribute__((noreturn));
void failure_text(const char *file, const char *what);
#define FAIL(s, what, got, want) \
	fail(s, __FILE_NAME__, __LINE__, what, (u64)(got), (u64)(want))
#define CHECK_EQ(s, what, got, want)                        \
	do {                                                \
		u64 got_ = (u64)(got), want_ = (u64)(want); \
		if (got_ != want_)                          \
			FAIL(s, what, got_, want_);         \
	} while (0)
void note(struct self *s, long what);
void note_op(struct self *s, int op);
void waits(struct self *s, const char *what, long for_what);
void sleep_us(long us);

/* probe.S */
void race_probe(struct probe *p);
void race_up_regs(void);
void race_up_frames(void);
void race_tramp32(void);
int race_probed(int n);
long race_clone(long nr, long a, long b, long c, long d, long e,
		struct self *child);
long race_clone80(long nr, struct self *child);
extern char race_cell[], race_cell_end[];
extern char race_probed_end[];

/* CF PF AF ZF SF DF OF: the flags that a program can see itself set. */
#define FLAGS 0xcd5
#define AUDIT_ARCH_X86_64 0xc000003eu
#define AUDIT_ARCH_I386 0x40000003u

static inline u32 arch_of(enum way way)
{
	return way == WAY_SYSCALL ? AUDIT_ARCH_X86_64 : AUDIT_ARCH_I386;
}

/* handlers.c */
void signals_init(void);
void on_signal(int sig, void (*handler)(int, siginfo_t *, void *), int flags);

/* call.c */
void call_init(void);
void call_thread(struct self *s);
/* The top of the thread's stack of frames outside the control area, empty. */
u64 *own_frames(struct self *s);
void set_gs(struct self *s);
u64 fs_base(void);
enum expect expected(const struct self *s, int cell, enum way way);
void call(struct self *s, int cell, enum way way, enum expect expect);
void call_nr(struct self *s, int cell, enum way way, enum expect expect,
	     int nr);
void call_some(struct self *s, int n);
void call_blocked(struct self *s);
enum way random_way(struct self *s);
/* The way of a call that a cell makes; false when the address is no cell's. */
bool cell_way(u64 ip, enum way *way);
static inline int own_cell(struct self *s)
{
	return s->own + (int)below(s, OWN_CELLS);
}

/* regions.c */
void sets_init(struct self *s);
void sets_thread(struct self *s);
bool can_change(const struct self *s);
u64 own_start(const struct self *s);
long set_ioctl(int fd, unsigned long cmd, const struct sud_range *r, u64 *n);
void set_bits(struct self *s, enum set which, u32 from, u32 to, bool on);
int private_set(struct self *s, bool exempt);
void op_regions(struct self *s);
void op_list(struct self *s);

/* listener.c */
void listener_init(struct self *s);

/* arm.c */
void arm_random(struct self *s);
void arm_as(struct self *s, const struct model *m, int fd);
void random_model(struct self *s, struct model *m, int *fd);
void random_delivery(struct self *s, struct model *m);
void auto_allow(struct model *m);
void random_flags(struct self *s, struct model *m);
void disarm(struct self *s);
void check_get(struct self *s, const struct sud_config *want);
void check_unsynced(struct self *s);
void op_arm(struct self *s);
void op_disarm(struct self *s);
void op_refused(struct self *s);
void op_nth(struct self *s);

/* family.c */
#define STATUS_EXIT(code) ((code) << 8)
#define EXIT_IMAGE 43
#define EXIT_HANDLER 42
#define EXIT_CAUGHT 77
long fork_self(struct self *s);
/* Waits for a child; its status must be this. */
void await(struct self *s, int pid, int want, const char *what);
struct self *extra_self(struct self *s, int n);
long thread_start(struct self *s, struct self *c, bool settls, bool three);
void thread_join(struct self *s, struct self *c);
void thread_exit(struct self *c) __attribute__((noreturn));
void process_exit(int code) __attribute__((noreturn));
void op_child(struct self *s);
void op_thread(struct self *s);

/* ends.c */
long exec_image(void);
int image(void);
void op_exec_thread(struct self *s);
void op_exit(struct self *s);
void op_kill(struct self *s);

/* death.c */
void op_death(struct self *s);
void op_death_race(struct self *s);
void op_in_hook(struct self *s);

/* solo.c */
void solo_steps(struct self *s, int n);
void op_solo(struct self *s);
void op_seccomp(struct self *s);

/* the roles */
void worker(struct slot *slot) __attribute__((noreturn));
const char *op_name(int op);
int op_find(const char *name);
void tracer(struct slot *slot) __attribute__((noreturn));
void ftrace(struct slot *slot) __attribute__((noreturn));
void ftrace_init(void);
void bystander(struct slot *slot) __attribute__((noreturn));
void process_init(struct slot *slot);
int coordinate(long seconds);

/* report.c */
bool failed(void);
void failure(const char *what, u64 got, u64 want, const struct slot *of);
bool read_file(const char *path, char *text, size_t size);
void print_failure(void);
void report(void);
long module_load(const char *params);
long module_unload(void);

/* parent.c */
void parent_asks(struct slot *slot, int thread);

#endif /* __ASSEMBLER__ */

#endif /* RACE_H */
