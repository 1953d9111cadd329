/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What lies in a traced program beside its own memory, and who writes what there.
 *
 * One mapping, a "space", holds the text of the handler, and behind it memory that the
 * program shares with sudctl: a header, and a slot for each traced thread. A space is made
 * at exec. Threads, and children that have not called exec, use other slots of it.
 *
 *	base			the handler's text, private to the program
 *	base + TEXT_SIZE	struct header, which sudctl writes
 *	... + HEADER_SIZE	SLOTS times SLOT_SIZE: struct slot, and its ring
 *
 * Read by the handler, its assembler parts and sudctl.
 */
#ifndef SUDCTL_TRACE_LAYOUT_H
#define SUDCTL_TRACE_LAYOUT_H

#define TEXT_SIZE 0x8000
#define HEADER_SIZE 0x4000
#define SLOTS 512
#define RING_SIZE 0x10000
#define SLOT_SIZE 0x11000 /* a page of struct slot, and the ring */
#define SHARED_SIZE (HEADER_SIZE + SLOTS * SLOT_SIZE)
#define SPACE_SIZE (TEXT_SIZE + SHARED_SIZE)

/* The handler's frame on the caller's stack lies below the red zone. */
#define RED_ZONE 128
#define FRAME_SIZE 96
#define FRAME_BELOW (RED_ZONE + FRAME_SIZE)

/* struct frame and struct slot, for assembler; handler.c checks these. */
#define FRAME_RDI 0
#define FRAME_RSI 8
#define FRAME_RDX 16
#define FRAME_R10 24
#define FRAME_R8 32
#define FRAME_R9 40
#define FRAME_NR 48
#define FRAME_IP 56
#define FRAME_FLAGS 64
#define FRAME_RBX 72
#define FRAME_RESULT 80
#define SLOT_FRAME 0
#define SLOT_CLONE_RDI 8
#define SLOT_CLONE_RSI 16
#define SLOT_SAVED 24
#define SLOT_OVER 120

/* What enter() wants done. */
#define DO_CALL 0
#define DO_NOTHING 1 /* the result is there */
#define DO_SIGRETURN 2
#define DO_FORK 3 /* the child has a stack, and a frame on it, of its own */
#define DO_VFORK 4 /* it shares both */
#define DO_NEW_STACK 5 /* it begins on a stack that its parent gave */

#ifndef __ASSEMBLER__
#include <stdint.h>

#define CALLS 512
#define CAPTURES 3
#define RULES 16

/* The registers of the caller that the handler changes. */
struct frame {
	uint64_t args[6];
	uint64_t nr;
	uint64_t ip; /* where the caller goes on */
	uint64_t flags;
	uint64_t rbx;
	uint64_t result;
	uint64_t unused;
};

enum capture_kind {
	CAPTURE_NONE,
	CAPTURE_PATH, /* up to its zero byte, whole */
	CAPTURE_STRING, /* the same, as far as -s says */
	CAPTURE_IN, /* as long as argument @size says */
	CAPTURE_OUT, /* as long as the result says */
	CAPTURE_FIXED_OUT, /* @size bytes, if the call succeeded */
	CAPTURE_ARGV, /* the strings of an array of pointers */
	CAPTURE_COUNT, /* only how many pointers such an array has */
};

struct capture {
	uint8_t kind; /* enum capture_kind */
	uint8_t arg;
	uint16_t size;
};

enum call_flag {
	CALL_SHOWN = 1,
	CALL_SPECIAL = 2, /* enter() looks at it itself */
	CALL_NO_RETURN = 4,
	CALL_RULE = 8, /* a rule of inject may hit it */
};

struct call {
	struct capture captures[CAPTURES];
	uint16_t flags;
	uint16_t unused;
};

/* One of inject's rules: the calls @nr, from the @first on, every @step-th, up to @last. */
struct rule {
	uint32_t nr;
	uint32_t first, step, last;
	int32_t signal;
	uint32_t set_result;
	int64_t result;
	uint64_t delay_enter, delay_exit; /* nanoseconds */
};

enum header_flag {
	HEADER_COUNT = 1, /* -c: no records, struct count instead */
	HEADER_SECCOMP = 2, /* no calls but the program's own */
};

struct header {
	/*
	 * A robust mutex that sudctl holds: when sudctl dies, the kernel sets
	 * FUTEX_OWNER_DIED in its first word.
	 */
	union {
		uint32_t owner;
		char mutex[64];
	};
	uint32_t flags; /* enum header_flag; the handler sets HEADER_SECCOMP */
	uint32_t string_size;
	uint32_t rule_count;
	uint32_t unused;
	struct rule rules[RULES];
	struct call calls[CALLS];
};

/* What is in struct slot.active. */
enum activity {
	ACTIVE_NOT,
	ACTIVE_CALL, /* nr and args are those of a call that is to be shown */
	ACTIVE_HIDDEN,
};

/*
 * One thread's. The handler writes all but tail; sudctl reads it all, and writes the whole
 * slot while the thread that is to have it is stopped.
 */
struct slot {
	uint64_t frame; /* address of the frame of the call in progress */
	uint64_t clone_rdi, clone_rsi;
	struct frame saved; /* for a call whose child shares the stack */
	uint32_t over; /* the call has been made, and frame->result is its result */
	uint32_t unused;
	uint64_t clone_args[16];

	uint32_t active; /* enum activity */
	uint32_t nr;
	uint64_t args[6];
	uint64_t start;
	uint64_t head_before; /* head as the call began */
	uint32_t pid;
	uint32_t rule_hits[RULES];
	uint32_t rule; /* the one that hit, plus one */

	/* Bytes ever written to the ring, and ever read. */
	uint64_t head __attribute__((aligned(64)));
	uint64_t tail __attribute__((aligned(64)));
	uint32_t waits; /* the handler waits for tail to change */
};

struct count {
	uint64_t calls, errors, ticks;
};

enum record_kind {
	RECORD_CALL,
	RECORD_EXEC, /* of a call that does not return if it succeeds */
	RECORD_INJECTED, /* a rule has set its result */
	RECORD_PAD, /* the rest of the ring is empty */
};

/*
 * In the ring, in one piece, at multiples of 8 bytes. Behind it come its pieces of captured
 * memory: struct captured, and that many bytes.
 */
struct record {
	uint32_t size; /* all in all */
	uint8_t kind; /* enum record_kind */
	uint8_t pieces;
	uint16_t nr;
	uint64_t args[6];
	int64_t result;
	uint64_t start, end; /* of the time stamp counter */
};

struct captured {
	uint8_t arg;
	uint8_t flags; /* enum captured_flag */
	uint16_t size; /* of what follows, without what rounds it up to 8 */
	uint32_t whole; /* how much there was */
};

enum captured_flag {
	CAPTURED_MORE = 1, /* there was more than was captured */
	CAPTURED_FAULT = 2, /* it could not be read */
	CAPTURED_ARRAY = 4, /* strings with their zero bytes */
};

static inline struct captured *captured_next(const struct captured *piece)
{
	return (struct captured *)((char *)(piece + 1) +
				   ((piece->size + 7) & ~7U));
}

#define PIECE_MAX 4096 /* no captured piece is larger */
#define RECORD_MAX 0x3080 /* and no record */

#define FUTEX_DIED 0x40000000

_Static_assert(sizeof(struct record) + CAPTURES * (sizeof(struct captured) +
						   PIECE_MAX) <=
		       RECORD_MAX,
	       "the pieces fit a record");
_Static_assert(sizeof(struct frame) == FRAME_SIZE, "the frame's size");
_Static_assert(sizeof(struct header) <= HEADER_SIZE, "the header's size");
_Static_assert(sizeof(struct slot) <= SLOT_SIZE - RING_SIZE, "the slot's size");
_Static_assert(CALLS * sizeof(struct count) <= RING_SIZE,
	       "counts fit the ring");
#endif /* __ASSEMBLER__ */

#endif /* SUDCTL_TRACE_LAYOUT_H */
