/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SUD_TASK_H
#define SUD_TASK_H

#include <linux/hash.h>
#include <linux/rculist.h>
#include <linux/sched.h>
#include <sud_uapi.h>

#include "area.h"
#include "compat/gate.h"
#include "compat/resume.h"
#include "listener.h"
#include "regions.h"

/* The flags by which children inherit, and those that say which ways in count. */
#define SUD_FLAGS_INHERIT (SUD_FLAG_INHERIT_THREAD | SUD_FLAG_INHERIT_FORK)
#define SUD_FLAGS_WAYS \
	(SUD_FLAG_ENTRY_SYSCALL | SUD_FLAG_ENTRY_INT80 | SUD_FLAG_ENTRY_COMPAT)
/* Those that ask for more than one region and a selector at a fixed address. */
#define SUD_FLAGS_SEGMENT (SUD_FLAG_SELECTOR_FS | SUD_FLAG_SELECTOR_GS)
/* Those that say what selector and upcall_frame are. */
#define SUD_FLAGS_WHERE (SUD_FLAGS_SEGMENT | SUD_FLAG_MAPPED)
#define SUD_FLAGS_RICH                                              \
	(SUD_FLAG_REGIONS | SUD_FLAGS_SEGMENT | SUD_FLAGS_INHERIT | \
	 SUD_FLAGS_WAYS)

/*
 * How a thread's calls are judged: dispatch.c has a body for each kind. The order
 * counts: it asks for the first two together.
 */
enum sud_kind {
	SUD_KIND_PLAIN, /* one region, and a selector at a fixed address */
	SUD_KIND_MAPPED, /* one region, and a selector in a control area */
	SUD_KIND_SET_EXCLUSIVE, /* a region set; calls from inside it run */
	SUD_KIND_SET_INCLUSIVE, /* a region set; calls from outside it run */
	SUD_KIND_NO_SET, /* one region, and another of SUD_FLAGS_RICH */
} __packed;

/* Upcalls that need no other question, for a call by 64-bit SYSCALL. */
enum sud_fast {
	SUD_FAST_NONE,
	SUD_FAST_REGS, /* in registers */
	SUD_FAST_MAPPED, /* with frames in the area, of SUD_KIND_MAPPED */
} __packed;

/**
 * struct sud_task - the state of one armed thread
 * @block: BLOCK, which the kernel's own body reads as the selector if the hook is
 *	lost; so it comes first. Not there on 5.10, which has no such body
 * @node: in its bucket of the table; changed under the bucket's lock, read
 *	under RCU
 * @key: the thread; compared, never followed. Not a reference: the state leaves
 *	the table before the thread's memory can be used again
 * @run_range: calls from here run natively. Exclusive mode: the region.
 *	Inclusive mode: all but the region, as native SUD keeps it. With a region
 *	set: the range, or the gap, from which a call was last let run
 * @selector: the selector byte or NULL; access_ok() was asked when it was set.
 *	With SUD_FLAG_SELECTOR_FS or _GS, what is added to the segment's base
 * @mapped: with SUD_FLAG_MAPPED, in its place: the selector byte in the kernel's
 *	mapping of the area, or one that says BLOCK
 * @fast_upcall: is a blocked call by 64-bit SYSCALL an upcall and nothing else?
 * @kind: how calls are judged
 * @code_64bit: SET was called from 64-bit code
 * @config: what SET was given; the data path reads flags and the upcall there
 * @area: with SUD_FLAG_MAPPED, the control area; a reference
 * @area_base: the address at which user code has the area
 * @set: the region set or NULL; a reference
 * @listener: with SUD_DELIVER_NOTIFY: who answers; counted as a user of it
 * @version: points to the set's version; without a set, to that of @run_range
 * @top: in its place for SUD_KIND_MAPPED: the top of the frames in the kernel's
 *	mapping of the area, or NULL
 * @spare: the next child's state, not in the table; or NULL. See inherit.c
 * @resume: what is to be done when the thread goes back to user mode
 * @rcu: frees the state, when nobody looks at its set and spare any more
 *
 * task.c says who may touch it.
 */
struct sud_task {
	char block[SUD_GATE_BLOCK_BYTES];
	struct hlist_node node;
	const struct task_struct *key;
	struct sud_run_range run_range;
	union {
		char __user *selector;
		char *mapped;
	};
	enum sud_fast fast_upcall;
	enum sud_kind kind;
	bool code_64bit;
	struct sud_config config;
	struct sud_area *area;
	unsigned long area_base;
	struct sud_listener *listener;
	union {
		const unsigned long *version;
		u64 *top;
	};
	union {
		struct {
			struct sud_region_set *set;
			struct sud_task *spare;
		};
		struct rcu_head rcu;
	};
	struct sud_resume resume;
};

/* SECURITY.md promises it; kmalloc() has a size for it. */
static_assert(sizeof(struct sud_task) <= 192);

extern struct hlist_head sud_task_table[1 << SUD_HASH_BITS];

/* compat/gate_macros.S has this hash_ptr() in assembly. */
static inline struct hlist_head *sud_task_bucket(const struct task_struct *task)
{
	return &sud_task_table[hash_ptr(task, SUD_HASH_BITS)];
}

/*
 * sud_task_find() - a thread's state or NULL
 *
 * The caller is in an RCU-sched read-side section.
 */
static inline struct sud_task *sud_task_find(const struct task_struct *task)
{
	struct sud_task *st;

	hlist_for_each_entry_rcu(st, sud_task_bucket(task), node,
				 rcu_read_lock_sched_held())
		if (st->key == task)
			return st;
	return NULL;
}

/*
 * sud_task_search() - the calling thread's state or NULL, by the table
 *
 * While the thread runs, nobody else removes it: what is found stays.
 */
static inline struct sud_task *sud_task_search(void)
{
	struct sud_task *st;

	rcu_read_lock_sched_notrace();
	st = sud_task_find(current);
	rcu_read_unlock_sched_notrace();
	return st;
}

void __user *sud_task_segment_address(const struct sud_task *st,
				      unsigned long offset);

/*
 * sud_task_address() - an address of the calling thread's configuration, which has
 * no SUD_FLAG_MAPPED
 *
 * User code may point the segment's base anywhere, so the address has to be
 * checked at each use: by get_user() and put_user(), never by their __ forms.
 */
static inline void __user *sud_task_address(const struct sud_task *st,
					    unsigned long address)
{
	if (unlikely(st->config.flags & SUD_FLAGS_SEGMENT))
		return sud_task_segment_address(st, address);
	return (void __user *)address;
}

/* With SUD_FLAG_MAPPED and frames: the top of the frames, in the area. */
static inline u64 *sud_task_top(const struct sud_task *st)
{
	return (u64 *)(st->area->memory +
		       (st->config.upcall_frame - st->area_base));
}

/*
 * Where the calling thread's selector is: a constant in code that is compiled for
 * each of the three.
 */
enum sud_at {
	SUD_AT_FIXED, /* at an address of user space (SUD_KIND_PLAIN) */
	SUD_AT_MAPPED, /* in a control area (SUD_KIND_MAPPED) */
	SUD_AT_ANY, /* the flags say where */
};

static __always_inline bool sud_at_mapped(const struct sud_task *st,
					  enum sud_at at)
{
	return at == SUD_AT_MAPPED ||
	       (at == SUD_AT_ANY && st->config.flags & SUD_FLAG_MAPPED);
}

/* Not for one in a control area. */
static __always_inline char __user *sud_task_selector(const struct sud_task *st,
						      enum sud_at at)
{
	return at == SUD_AT_FIXED
		       ? st->selector
		       : sud_task_address(st, (unsigned long)st->selector);
}

/**
 * struct sud_setup - what SET takes, checked, and GET gives
 * @config: as SET takes it
 * @code_64bit: SET was called from 64-bit code
 * @set: the region set or NULL
 * @area: the control area or NULL
 * @area_base: as in struct sud_task
 * @listener: the listener or NULL; a user
 */
struct sud_setup {
	struct sud_config config;
	bool code_64bit;
	struct sud_region_set *set;
	struct sud_area *area;
	unsigned long area_base;
	struct sud_listener *listener;
};

/* Gives up its references. */
void sud_setup_put(struct sud_setup *setup);

void sud_task_init(void);
struct sud_task *sud_task_alloc(void);
bool sud_task_armed(const struct task_struct *task);
int sud_task_set(struct task_struct *task, const struct sud_setup *setup);
int sud_task_get(struct task_struct *task, struct sud_setup *setup);
void sud_task_peek(struct task_struct *task, struct sud_setup *setup);
bool sud_task_alike(const struct sud_task *st, const struct task_struct *task);
void sud_task_exec(void);
void sud_task_exit(void);
bool sud_task_native(struct task_struct *task);
void sud_task_arm_child(const struct sud_task *st, struct sud_task *new,
			struct task_struct *child);
void sud_task_free(struct sud_task *st);

#endif /* SUD_TASK_H */
