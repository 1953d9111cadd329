// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * libsud, but for the way in and out of the handler, which is entry.S.
 */
#include <cpuid.h>
#include <errno.h>
#include <pthread.h>
#include <unistd.h>

#include "internal.h"
#include "slots.h"

#ifndef __x86_64__
#error "x86-64 only"
#endif
#ifdef __ILP32__
#error "not for x32"
#endif

_Static_assert(offsetof(struct sud_thread, handler) == 8, "T_HANDLER");
_Static_assert(offsetof(struct sud_thread, stack) == 16, "T_STACK");
_Static_assert(offsetof(struct sud_thread, stack_end) == 24, "T_STACK_END");

HIDDEN __thread struct sud_thread sud_thread
	__attribute__((tls_model("initial-exec")));

/* The same for all threads; written once, before the first entry. */
HIDDEN uint64_t sud_vector_size;
HIDDEN uint32_t sud_vector_mask;
HIDDEN uint32_t sud_vector_how;

/* entry.S knows the order; the mask is 0 for the first alone. */
enum { HOW_FXSAVE, HOW_XSAVE, HOW_XSAVEC };

/*
 * Components 8, a supervisor's; 9, PKRU; 17 and 18, AMX's: 8 KiB that C code
 * leaves alone.
 */
#define XFEATURES_NOT 0x60300U
#define XSAVE_LEGACY (512 + 64)

static void find_vectors(void)
{
	unsigned int a, b, c, d, mask;
	size_t size = XSAVE_LEGACY;
	bool compact;

	if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_OSXSAVE)) {
		sud_vector_how = HOW_FXSAVE;
		sud_vector_size = 512;
		return;
	}
	asm("xgetbv" : "=a"(mask), "=d"(d) : "c"(0));
	mask &= ~XFEATURES_NOT;
	__cpuid_count(0xd, 1, a, b, c, d);
	compact = a & 2;
	for (int i = 2; i < 32; i++) {
		if (!(mask & 1U << i))
			continue;
		__cpuid_count(0xd, i, a, b, c, d);
		if (compact) {
			if (c & 2)
				size = (size + 63) & ~63UL;
			size += a;
		} else if (size < b + a) {
			size = b + a;
		}
	}
	sud_vector_mask = mask;
	sud_vector_size = (size + 63) & ~63UL;
	sud_vector_how = compact ? HOW_XSAVEC : HOW_XSAVE;
}

static volatile unsigned char *selector_of(struct sud_thread *t)
{
	if (!t->selector)
		t->selector = &t->own_byte;
	return t->selector;
}

/* The library's answer to its caller, from a negative errno. */
static int answer(long err)
{
	if (err >= 0)
		return 0;
	errno = -err;
	return -1;
}

const struct sud_config sud_config_off = { .size = sizeof(sud_config_off) };

/*
 * A thread that exits gives its slot back. Disarmed first: its last calls would be
 * judged by the byte of the slot's next owner.
 */
static pthread_key_t exit_key;
static bool have_exit_key;

static void thread_exits(void *arg)
{
	struct sud_thread *t = arg;
	volatile unsigned char *slot = t->slot;
	bool own = t->slot_owner == getpid();

	*selector_of(t) = SUD_SELECTOR_ALLOW;
	if (sud_upcall_remove())
		return;
	t->selector = &t->own_byte;
	t->slot = NULL;
	if (slot && own)
		sud_slots_put(slot);
}

/* Before main, or in dlopen: no thread can be at it yet. */
__attribute__((constructor(101))) static void init(void)
{
	find_vectors();
	have_exit_key = !pthread_key_create(&exit_key, thread_exits);
}

/* Return: a place for the selector in a control area, or NULL. */
static volatile unsigned char *slot_of(struct sud_thread *t, int fd)
{
	pid_t pid = getpid();

	if (t->slot && t->slot_owner == pid)
		return t->slot;
	t->slot = have_exit_key ? sud_slots_get(fd) : NULL;
	t->slot_owner = pid;
	if (t->slot && pthread_setspecific(exit_key, t)) {
		sud_slots_put(t->slot);
		t->slot = NULL;
	}
	return t->slot;
}

int sud_upcall_install(sud_handler handler, const struct sud_options *options)
{
	static const struct sud_options usual = { .mode = SUD_MODE_EXCLUSIVE };
	const struct sud_options *o = options ? options : &usual;
	const unsigned int of_process = SUD_UPCALL_INHERIT |
					SUD_UPCALL_ALL_THREADS;
	const unsigned int known = SUD_UPCALL_NO_VECTORS |
				   SUD_UPCALL_NO_SELECTOR | of_process;
	struct sud_thread *t = &sud_thread;
	struct sud_thread new = {
		.selector = &t->own_byte,
		.handler = handler,
		.stack = (uintptr_t)o->stack,
		.stack_end = (uintptr_t)o->stack + o->stack_size,
		.has_selector = !(o->flags & SUD_UPCALL_NO_SELECTOR),
	};
	struct sud_config config = sud_config_of(o);
	struct sud_thread old;
	long fd, err;

	if (!handler || o->flags & ~known || o->mode == SUD_MODE_OFF)
		return answer(-EINVAL);
	if (!o->stack && o->stack_size)
		return answer(-EINVAL);
	if (o->stack &&
	    (o->stack_size < SUD_UPCALL_STACK_MIN || new.stack_end < new.stack))
		return answer(-EINVAL);

	if (o->flags & of_process) {
		sud_call_allow();
		return answer(sud_process_install(handler, o));
	}

	if (!(o->flags & SUD_UPCALL_NO_VECTORS))
		config.upcall_entry = o->stack
					      ? (uintptr_t)sud_entry_own_vectors
					      : (uintptr_t)sud_entry_vectors;
	else
		config.upcall_entry = o->stack ? (uintptr_t)sud_entry_own
					       : (uintptr_t)sud_entry;
	/* The return from signal handlers must run with the selector at BLOCK. */
	if (sud_gives_region(o)) {
		config.flags |= SUD_FLAG_SIGRETURN;
		new.sigreturn_flag = true;
	}

	sud_call_allow();
	fd = sud_device_open();
	if (fd < 0)
		return answer(fd);
	if (new.has_selector) {
		new.slot = slot_of(t, fd);
		if (new.slot) {
			new.selector = new.slot;
			config.flags |= SUD_FLAG_MAPPED;
		}
		config.selector = (uintptr_t)new.selector;
		config.flags |= SUD_FLAG_AUTO_ALLOW;
	} else {
		new.slot = t->slot;
	}
	new.slot_owner = t->slot_owner;

	/* The new state is complete before the first call that needs it. */
	*new.selector = SUD_SELECTOR_ALLOW;
	old = *t;
	*t = new;
	err = sud_device_set(fd, &config);
	if (err)
		*t = old;
	sud_device_close(fd);
	return answer(err);
}

static int remove_from(bool all)
{
	long fd, err;

	sud_call_allow();
	fd = sud_device_open();
	if (fd < 0)
		return answer(fd);
	err = all ? sud_threads_set(fd, &sud_config_off)
		  : sud_device_set(fd, &sud_config_off);
	sud_device_close(fd);
	return answer(err);
}

int sud_upcall_remove(void)
{
	return remove_from(false);
}

int sud_upcall_remove_all(void)
{
	return remove_from(true);
}

int sud_call_block(void)
{
	volatile unsigned char *byte = selector_of(&sud_thread);
	int old = *byte;

	*byte = SUD_SELECTOR_BLOCK;
	return old;
}

int sud_call_allow(void)
{
	volatile unsigned char *byte = selector_of(&sud_thread);
	int old = *byte;

	*byte = SUD_SELECTOR_ALLOW;
	return old;
}

void sud_call_restore(int old)
{
	*selector_of(&sud_thread) = old;
}
