// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * libsud, but for the way in and out of the handler, which is entry.S.
 */
#include <cpuid.h>
#include <errno.h>
#include <linux/sched.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include <sud.h>

#include "libsud.h"
#include "slots.h"

#ifndef __x86_64__
#error "x86-64 only"
#endif
#ifdef __ILP32__
#error "not for x32"
#endif

#define HIDDEN __attribute__((visibility("hidden")))

#ifndef SYS_USER_DISPATCH
#define SYS_USER_DISPATCH 2
#endif
#ifndef SYS_clone3
#define SYS_clone3 435
#endif

#define RED_ZONE 128

/*
 * A thread's own. entry.S knows the offsets of the first four.
 *
 * The selector is in a control area, or is @own_byte where there is none; NULL is
 * @own_byte, too, as long as nothing else has been needed.
 */
struct sud_thread {
	volatile unsigned char *selector;
	sud_handler handler;
	uintptr_t stack;
	uintptr_t stack_end;
	volatile unsigned char *slot;
	pid_t slot_owner; /* a forked child's slots are others */
	volatile unsigned char own_byte;
	bool has_selector;
	bool vectors;
	bool sigreturn_flag;
};

_Static_assert(offsetof(struct sud_call, rsp) == 104, "C_RSP of entry.S");
_Static_assert(sizeof(struct sud_call) == 128, "C_SIZE of entry.S");
_Static_assert(offsetof(struct sud_thread, handler) == 8, "T_HANDLER");
_Static_assert(offsetof(struct sud_thread, stack) == 16, "T_STACK");
_Static_assert(offsetof(struct sud_thread, stack_end) == 24, "T_STACK_END");

/* At a fixed distance from FS, so that entry.S needs no call to find it. */
HIDDEN __thread struct sud_thread sud_thread
	__attribute__((tls_model("initial-exec")));

/* The same for all threads; written once, before the first entry. */
HIDDEN uint64_t sud_vector_size;
HIDDEN uint32_t sud_vector_mask;
HIDDEN uint32_t sud_vector_how;

/* entry.S knows the order; the mask is 0 for the first alone. */
enum { HOW_FXSAVE, HOW_XSAVE, HOW_XSAVEC };

HIDDEN void sud_entry(void);
HIDDEN void sud_entry_vectors(void);
HIDDEN void sud_entry_own(void);
HIDDEN void sud_entry_own_vectors(void);
HIDDEN void sud_child(void);
HIDDEN void sud_child_vectors(void);
HIDDEN void sud_sigreturn(uint64_t sp, volatile unsigned char *selector)
	__attribute__((noreturn));
HIDDEN extern char sud_sigreturn_end[];

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

static int bad(int err)
{
	errno = err;
	return -1;
}

static const struct sud_config config_off = { .size = sizeof(config_off) };

static int set_on(int fd, const struct sud_config *config)
{
	int err = sud_set(fd, config) ? errno : 0;

	close(fd);
	return err ? bad(err) : 0;
}

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
	const unsigned int known = SUD_UPCALL_NO_VECTORS |
				   SUD_UPCALL_NO_SELECTOR;
	struct sud_thread *t = &sud_thread;
	struct sud_thread new = {
		.selector = &t->own_byte,
		.handler = handler,
		.stack = (uintptr_t)o->stack,
		.stack_end = (uintptr_t)o->stack + o->stack_size,
		.has_selector = !(o->flags & SUD_UPCALL_NO_SELECTOR),
		.vectors = !(o->flags & SUD_UPCALL_NO_VECTORS),
	};
	struct sud_config config = {
		.size = sizeof(config),
		.mode = o->mode,
		.offset = o->offset,
		.len = o->len,
		.delivery = SUD_DELIVER_UPCALL,
	};
	struct sud_thread old;
	int fd;

	if (!handler || o->flags & ~known || o->mode == SUD_MODE_OFF)
		return bad(EINVAL);
	if (!o->stack && o->stack_size)
		return bad(EINVAL);
	if (o->stack &&
	    (o->stack_size < SUD_UPCALL_STACK_MIN || new.stack_end < new.stack))
		return bad(EINVAL);

	if (new.vectors)
		config.upcall_entry = o->stack
					      ? (uintptr_t)sud_entry_own_vectors
					      : (uintptr_t)sud_entry_vectors;
	else
		config.upcall_entry = o->stack ? (uintptr_t)sud_entry_own
					       : (uintptr_t)sud_entry;
	/* The return from signal handlers must run with the selector at BLOCK. */
	if (o->mode == SUD_MODE_EXCLUSIVE && !o->offset && !o->len) {
		config.offset = (uintptr_t)sud_sigreturn;
		config.len = (uintptr_t)sud_sigreturn_end - config.offset;
	} else if (o->mode == SUD_MODE_EXCLUSIVE) {
		config.flags |= SUD_FLAG_SIGRETURN;
		new.sigreturn_flag = true;
	}

	sud_call_allow();
	fd = sud_open();
	if (fd < 0)
		return -1;
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
	if (set_on(fd, &config)) {
		*t = old;
		return -1;
	}
	return 0;
}

int sud_upcall_remove(void)
{
	int fd;

	sud_call_allow();
	fd = sud_open();
	return fd < 0 ? -1 : set_on(fd, &config_off);
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

static long raw(uint64_t nr, uint64_t a, uint64_t b, uint64_t c, uint64_t d,
		uint64_t e, uint64_t f)
{
	register uint64_t r10 asm("r10") = d;
	register uint64_t r8 asm("r8") = e;
	register uint64_t r9 asm("r9") = f;
	long ret;

	asm volatile("syscall"
		     : "=a"(ret)
		     : "0"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8),
		       "r"(r9)
		     : "rcx", "r11", "memory");
	return ret;
}

/*
 * What the child needs to get to the guest, put on its stack: its address, or 0
 * when the stack starts too low. @lowest is 0 when that is not known.
 */
static uint64_t child_frame(const struct sud_call *call, uint64_t sp,
			    uint64_t lowest)
{
	size_t size = sizeof(*call);
	struct sud_call *copy;
	uint64_t at;

	if (sud_thread.vectors)
		size += sud_vector_size;
	at = (sp - RED_ZONE - size) & -64UL;
	if (at <= lowest || at > sp)
		return 0;
	copy = (struct sud_call *)at;
	/* The vector state follows the call in both places. */
	memcpy(copy, call, size);
	copy->rax = 0;
	copy->rsp = sp;
	return at;
}

static long clone_there(uint64_t nr, uint64_t a, uint64_t b, uint64_t c,
			uint64_t d, uint64_t e)
{
	register uint64_t r10 asm("r10") = d;
	register uint64_t r8 asm("r8") = e;
	/* A register that the kernel leaves alone. */
	register void (*child)(void) asm("r9") =
		sud_thread.vectors ? sud_child_vectors : sud_child;
	long ret;

	asm volatile("syscall\n\t"
		     "testq %%rax, %%rax\n\t"
		     "jnz 1f\n\t"
		     "jmp *%%r9\n"
		     "1:"
		     : "=a"(ret)
		     : "0"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8),
		       "r"(child)
		     : "rcx", "r11", "cc", "memory");
	return ret;
}

static long native_clone(const struct sud_call *call)
{
	uint64_t sp;

	/* Without its own stack the child would undo the parent's. */
	if (!call->rsi)
		return raw(SYS_clone, call->rdi & ~(uint64_t)CLONE_VM, 0,
			   call->rdx, call->r10, call->r8, 0);
	sp = child_frame(call, call->rsi, 0);
	if (!sp)
		return -EINVAL;
	return clone_there(SYS_clone, call->rdi, sp, call->rdx, call->r10,
			   call->r8);
}

/* The first members of struct clone_args, which old headers lack. */
struct args {
	uint64_t flags, pidfd, child_tid, parent_tid, exit_signal;
	uint64_t stack, stack_size, tls;
	uint64_t more[24];
};

static long native_clone3(const struct sud_call *call)
{
	size_t size = call->rsi;
	struct args args;
	uint64_t sp;

	/* Too short, and the kernel says so. */
	if (size < offsetof(struct args, more))
		return raw(SYS_clone3, call->rdi, size, 0, 0, 0, 0);
	if (size > sizeof(args))
		return -E2BIG;
	memcpy(&args, (const void *)call->rdi, size);
	if (!args.stack) {
		args.flags &= ~(uint64_t)CLONE_VM;
		return raw(SYS_clone3, (uintptr_t)&args, size, 0, 0, 0, 0);
	}
	sp = child_frame(call, args.stack + args.stack_size, args.stack);
	if (!sp)
		return -EINVAL;
	args.stack_size = sp - args.stack;
	return clone_there(SYS_clone3, (uintptr_t)&args, size, 0, 0, 0);
}

static __attribute__((noreturn)) void native_sigreturn(struct sud_call *call)
{
	struct sud_thread *t = &sud_thread;

	/*
	 * The signal's number and code are not needed any more: let it look
	 * like the one whose return the kernel exempts. The siginfo lies behind
	 * the ucontext, which is shorter in the kernel than in the C library.
	 */
	if (t->sigreturn_flag) {
		siginfo_t *info =
			(siginfo_t *)(call->rsp +
				      offsetof(ucontext_t, uc_sigmask) + 8);

		info->si_signo = SIGSYS;
		info->si_code = SYS_USER_DISPATCH;
	}
	sud_sigreturn(call->rsp, t->has_selector ? t->selector : NULL);
}

long sud_call_native(struct sud_call *call)
{
	/* The kernel looks at the lower half only. */
	switch ((uint32_t)call->rax) {
	case SYS_rt_sigreturn:
		native_sigreturn(call);
	case SYS_vfork:
		return raw(SYS_clone, CLONE_VFORK | SIGCHLD, 0, 0, 0, 0, 0);
	case SYS_clone:
		return native_clone(call);
	case SYS_clone3:
		return native_clone3(call);
	}
	return raw(call->rax, call->rdi, call->rsi, call->rdx, call->r10,
		   call->r8, call->r9);
}
