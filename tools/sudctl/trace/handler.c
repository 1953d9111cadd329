// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the handler does before and after a call. Freestanding: no C library, no variables
 * but those in layout.h, no vector registers. One thread writes to a slot, and no signal
 * handler runs in between (handler.S), so that nothing here needs an atomic operation; what
 * is written to the ring counts once slot->head says so. rbp and r12 to r15 are not used
 * (tools/Makefile): sudctl moves a thread out of here without them.
 */
#include <errno.h>
#include <linux/futex.h>
#include <linux/sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/uio.h>
#include <asm/unistd_64.h>

#include "capture.h"
#include "layout.h"
#include "raw_call.h"
#include "sud_uapi.h"

_Static_assert(offsetof(struct frame, nr) == FRAME_NR, "");
_Static_assert(offsetof(struct frame, ip) == FRAME_IP, "");
_Static_assert(offsetof(struct frame, rbx) == FRAME_RBX, "");
_Static_assert(offsetof(struct frame, result) == FRAME_RESULT, "");
_Static_assert(offsetof(struct slot, frame) == SLOT_FRAME, "");
_Static_assert(offsetof(struct slot, clone_rdi) == SLOT_CLONE_RDI, "");
_Static_assert(offsetof(struct slot, clone_rsi) == SLOT_CLONE_RSI, "");
_Static_assert(offsetof(struct slot, saved) == SLOT_SAVED, "");
_Static_assert(offsetof(struct slot, over) == SLOT_OVER, "");

/* No program has more arguments. */
#define ARRAY_MAX 0x10000

extern struct header header __attribute__((visibility("hidden")));

size_t copy_bytes(void *to, const void *from, size_t size);
size_t copy_text(void *to, const void *from, size_t size);

static uint64_t now(void)
{
	uint32_t low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return (uint64_t)high << 32 | low;
}

static bool alone(void)
{
	return __atomic_load_n(&header.owner, __ATOMIC_RELAXED) & FUTEX_DIED;
}

static bool may_call(void)
{
	return !(__atomic_load_n(&header.flags, __ATOMIC_RELAXED) &
		 HEADER_SECCOMP);
}

/* sudctl is dead: this thread is on its own from here. */
static void disarm(void)
{
	static const char device[] = SUD_DEVICE;
	struct sud_config off;
	volatile char *byte = (volatile char *)&off;
	size_t i;
	long fd;

	for (i = 0; i < sizeof(off); i++)
		byte[i] = 0;
	off.size = sizeof(off);
	fd = raw_call(__NR_open, (long)device, 02000002, 0, 0, 0, 0);
	if (fd < 0)
		return;
	raw_call(__NR_ioctl, fd, SUD_IOC_SET, (long)&off, 0, 0, 0);
	raw_call(__NR_close, fd, 0, 0, 0, 0, 0);
}

/*
 * Room for @size bytes in one piece. What is left at the ring's end, when that is too
 * little, is padding, which counts when the record behind it does.
 * Return: where to write; @head is then what slot->head will be without what is written
 * there. NULL: sudctl is dead.
 */
static char *ring_reserve(struct slot *slot, uint64_t *head, uint32_t size)
{
	char *ring = (char *)slot + SLOT_SIZE - RING_SIZE;
	uint32_t at = *head % RING_SIZE, pad = 0;
	struct record *record;

	if (RING_SIZE - at < size)
		pad = RING_SIZE - at;
	for (;;) {
		uint64_t tail = __atomic_load_n(&slot->tail, __ATOMIC_ACQUIRE);

		if (*head + pad + size - tail <= RING_SIZE)
			break;
		if (alone())
			return NULL;
		if (!may_call()) {
			__builtin_ia32_pause();
			continue;
		}
		__atomic_store_n(&slot->waits, 1, __ATOMIC_SEQ_CST);
		if (__atomic_load_n(&slot->tail, __ATOMIC_SEQ_CST) == tail) {
			long timeout[2] = { 0, 100000000 };

			raw_call(__NR_futex, (long)&slot->tail, FUTEX_WAIT,
				 (uint32_t)tail, (long)timeout, 0, 0);
		}
		__atomic_store_n(&slot->waits, 0, __ATOMIC_RELAXED);
	}
	if (pad) {
		/* At a multiple of 8, so the two members that count fit. */
		record = (struct record *)(ring + at);
		record->size = pad;
		record->kind = RECORD_PAD;
		*head += pad;
		at = 0;
	}
	return ring + at;
}

/* As copy_bytes(), of memory that may be unreadable. */
static size_t copy_checked(struct slot *slot, char *to, uint64_t from,
			   size_t size, bool text)
{
	size_t done = 0;

	if (!slot->pid)
		slot->pid = raw_call(__NR_getpid, 0, 0, 0, 0, 0, 0);
	while (done < size) {
		size_t part = 4096 - (from + done) % 4096;
		struct iovec here, there;
		long got;

		if (part > size - done)
			part = size - done;
		here.iov_base = to + done;
		there.iov_base = (void *)(from + done);
		here.iov_len = there.iov_len = part;
		got = raw_call(__NR_process_vm_readv, slot->pid, (long)&here, 1,
			       (long)&there, 1, 0);
		if (got <= 0)
			break;
		if (text) {
			for (part = 0; part < (size_t)got; part++)
				if (!to[done + part])
					return done + part + 1;
		}
		done += got;
	}
	return done;
}

static size_t copy(struct slot *slot, bool checked, char *to, uint64_t from,
		   size_t size, bool text)
{
	if (checked && may_call())
		return copy_checked(slot, to, from, size, text);
	return text ? copy_text(to, (void *)from, size)
		    : copy_bytes(to, (void *)from, size);
}

/* How many pointers an array has, and its strings with their zero bytes, as many as fit. */
static struct captured *capture_array(struct slot *slot,
				      const struct capture *what,
				      struct captured *piece)
{
	uint64_t from = slot->args[what->arg];
	char *to = (char *)(piece + 1);
	size_t size = 0;

	if (!from)
		return piece;
	piece->arg = what->arg;
	piece->flags = CAPTURED_ARRAY;
	piece->whole = 0;
	for (; piece->whole < ARRAY_MAX; from += 8) {
		uint64_t at;
		size_t got;

		if (copy_checked(slot, (char *)&at, from, 8, false) != 8) {
			piece->flags |= CAPTURED_FAULT;
			break;
		}
		if (!at)
			break;
		piece->whole++;
		if (what->kind == CAPTURE_COUNT)
			continue;
		if (size == PIECE_MAX) {
			piece->flags |= CAPTURED_MORE;
			continue;
		}
		got = copy_checked(slot, to + size, at, PIECE_MAX - size, true);
		size += got;
		if (!got || to[size - 1]) {
			piece->flags |= CAPTURED_MORE;
			size = PIECE_MAX;
		}
	}
	piece->size = size;
	return captured_next(piece);
}

/* Return: where the next piece goes; @piece itself when there is none. */
static struct captured *capture(struct slot *slot, const struct capture *what,
				int64_t result, struct captured *piece)
{
	struct extent extent;
	size_t got;

	if (what->kind == CAPTURE_ARGV || what->kind == CAPTURE_COUNT)
		return capture_array(slot, what, piece);
	if (!capture_extent(what, slot->args, result, header.string_size,
			    &extent))
		return piece;
	got = copy(slot, call_failed(result), (char *)(piece + 1),
		   slot->args[what->arg], extent.limit, extent.text);
	return capture_note(piece, what, &extent, got);
}

static void write_record(struct slot *slot, enum record_kind kind,
			 int64_t result)
{
	const struct call *what = &header.calls[slot->nr];
	uint64_t head = slot->head, end = now();
	struct captured *piece;
	struct record *record;
	uint32_t most = sizeof(*record);
	unsigned int i;

	for (i = 0; i < CAPTURES; i++) {
		if (what->captures[i].kind == CAPTURE_NONE)
			break;
		/* Most calls have short pieces; most rings are read at once. */
		most = RECORD_MAX;
	}
	record = (struct record *)ring_reserve(slot, &head, most);
	if (!record)
		return;
	record->kind = kind;
	record->pieces = 0;
	record->nr = slot->nr;
#pragma GCC unroll 6
	for (i = 0; i < 6; i++)
		record->args[i] = slot->args[i];
	record->result = result;
	record->start = slot->start;
	record->end = end;
	piece = (struct captured *)(record + 1);
	for (i = 0; i < CAPTURES; i++) {
		struct captured *next;

		if (what->captures[i].kind == CAPTURE_NONE)
			break;
		next = capture(slot, &what->captures[i], result, piece);
		if (next != piece)
			record->pieces++;
		piece = next;
	}
	record->size = (char *)piece - (char *)record;
	__atomic_store_n(&slot->head, head + record->size, __ATOMIC_RELEASE);
}

static void count(struct slot *slot, int64_t result)
{
	struct count *c =
		(struct count *)((char *)slot + SLOT_SIZE - RING_SIZE) +
		slot->nr;

	c->ticks += now() - slot->start;
	if (call_failed(result))
		c->errors++;
	c->calls++;
	slot->head++;
}

static void finish(struct slot *slot, int64_t result)
{
	if (header.flags & HEADER_COUNT)
		count(slot, result);
	else
		write_record(
			slot,
			slot->rule && header.rules[slot->rule - 1].set_result
				? RECORD_INJECTED
				: RECORD_CALL,
			result);
	slot->active = ACTIVE_NOT;
}

static void sleep_for(uint64_t nanoseconds)
{
	long time[2] = { nanoseconds / 1000000000, nanoseconds % 1000000000 };

	if (nanoseconds)
		raw_call(__NR_nanosleep, (long)time, 0, 0, 0, 0, 0);
}

/* Return: the call is not to be made. */
static bool apply_rule(struct slot *slot, struct frame *f)
{
	unsigned int i;

	slot->rule = 0;
	for (i = 0; i < header.rule_count && i < RULES; i++) {
		const struct rule *rule = &header.rules[i];
		uint32_t hit;

		if (rule->nr != f->nr)
			continue;
		hit = ++slot->rule_hits[i];
		if (hit < rule->first || hit > rule->last ||
		    (hit - rule->first) % rule->step)
			continue;
		slot->rule = i + 1;
		sleep_for(rule->delay_enter);
		if (rule->set_result)
			f->result = rule->result;
		return rule->set_result;
	}
	return false;
}

static void after_rule(struct slot *slot)
{
	const struct rule *rule = &header.rules[slot->rule - 1];

	slot->rule = 0;
	sleep_for(rule->delay_exit);
	if (rule->signal) {
		if (!slot->pid)
			slot->pid = raw_call(__NR_getpid, 0, 0, 0, 0, 0, 0);
		raw_call(__NR_tgkill, slot->pid,
			 raw_call(__NR_gettid, 0, 0, 0, 0, 0, 0), rule->signal,
			 0, 0, 0);
	}
}

/* The frame goes where the child's stack begins, for the child to find. */
static bool give_frame(const struct frame *f, uint64_t top)
{
	return copy_bytes((void *)(top - FRAME_SIZE), f, FRAME_SIZE) ==
	       FRAME_SIZE;
}

static int prepare_child(struct slot *slot, const struct frame *f,
			 uint64_t flags, bool stack)
{
	if (stack)
		return DO_NEW_STACK;
	if (!(flags & CLONE_VM))
		return DO_FORK;
	copy_bytes(&slot->saved, f, FRAME_SIZE);
	return DO_VFORK;
}

static int prepare_clone(struct slot *slot, const struct frame *f)
{
	uint64_t stack = f->args[1];

	/* One that cannot be written: the call goes as it is, and its child dies of it. */
	if (stack && !give_frame(f, stack))
		return DO_FORK;
	slot->clone_rdi = f->args[0];
	slot->clone_rsi = stack - FRAME_SIZE;
	return prepare_child(slot, f, f->args[0], stack);
}

static int prepare_clone3(struct slot *slot, const struct frame *f)
{
	struct clone_args *args = (struct clone_args *)slot->clone_args;
	size_t size = f->args[1];

	/* The kernel refuses what is smaller, and is asked about what is larger. */
	if (size < 64 || size > sizeof(slot->clone_args) ||
	    copy_bytes(args, (void *)f->args[0], size) != size)
		return DO_CALL;
	if (!args->stack)
		return prepare_child(slot, f, args->flags, false);
	if (args->stack_size < FRAME_SIZE ||
	    !give_frame(f, args->stack + args->stack_size))
		return DO_CALL;
	args->stack_size -= FRAME_SIZE;
	slot->clone_rdi = (uint64_t)args;
	slot->clone_rsi = size;
	return DO_NEW_STACK;
}

static int prepare_special(struct slot *slot, struct frame *f)
{
	switch (f->nr) {
	case __NR_rt_sigreturn:
		if (slot->active == ACTIVE_CALL)
			finish(slot, 0);
		return DO_SIGRETURN;
	case __NR_fork:
		return DO_FORK;
	case __NR_vfork:
		return prepare_child(slot, f, CLONE_VM, false);
	case __NR_clone:
		return prepare_clone(slot, f);
	case __NR_clone3:
		return prepare_clone3(slot, f);
	case __NR_execve:
	case __NR_execveat:
		if (slot->active == ACTIVE_CALL &&
		    !(header.flags & HEADER_COUNT)) {
			write_record(slot, RECORD_EXEC, -EFAULT);
			slot->head_before = slot->head;
		}
		return DO_CALL;
	case __NR_ioctl:
		/* A program that arms itself would take sudctl's place. */
		if ((uint32_t)f->args[1] != SUD_IOC_SET)
			return DO_CALL;
		f->result = -EBUSY;
		return DO_NOTHING;
	case __NR_seccomp:
	case __NR_prctl:
		/* A filter may kill for a call that the program would not make. */
		if (f->nr == __NR_seccomp || f->args[0] == 22)
			__atomic_or_fetch(&header.flags, HEADER_SECCOMP,
					  __ATOMIC_RELAXED);
		return DO_CALL;
	}
	return DO_CALL;
}

int enter(struct slot *slot, struct frame *f)
{
	const struct call *what;
	unsigned int i;

	if (alone()) {
		slot->active = ACTIVE_NOT;
		if (may_call())
			disarm();
		return f->nr < CALLS && header.calls[f->nr].flags & CALL_SPECIAL
			       ? prepare_special(slot, f)
			       : DO_CALL;
	}
	slot->active = ACTIVE_HIDDEN;
	/* Among them those of x32. */
	if (f->nr >= CALLS)
		return DO_CALL;
	what = &header.calls[f->nr];
	slot->nr = f->nr;
	slot->head_before = slot->head;
	if (what->flags & CALL_SHOWN) {
#pragma GCC unroll 6
		for (i = 0; i < 6; i++)
			slot->args[i] = f->args[i];
		slot->start = now();
		slot->active = ACTIVE_CALL;
	}
	if (what->flags & CALL_RULE && apply_rule(slot, f))
		return DO_NOTHING;
	if (what->flags & CALL_SPECIAL)
		return prepare_special(slot, f);
	return DO_CALL;
}

void leave(struct slot *slot, struct frame *f)
{
	if (slot->active == ACTIVE_CALL)
		finish(slot, f->result);
	if (slot->rule)
		after_rule(slot);
}
