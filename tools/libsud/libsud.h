/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * libsud: a C function for each blocked system call of a thread, by the upcall
 * of /dev/sud. x86-64 only; 64-bit SYSCALL only: what else is blocked
 * (int $0x80, 32-bit code) comes as SIGSYS, which is the program's affair.
 *
 * The guest is the code whose calls are blocked, the handler the function that
 * gets them. The handler runs in the guest's thread, with the guest's signal
 * mask and FS: guest and handler share one C library, or the guest has none. A
 * guest that moves FS (arch_prctl, WRFSBASE) is not supported, nor one that
 * runs with the alignment check or trap flag set.
 *
 * Stack: the handler runs below the 128 bytes under the guest's stack pointer,
 * as a signal handler does, or on a stack of its own. Nothing is kept anywhere
 * else, so blocked calls nest, and a siglongjmp out of the handler, or out of a
 * signal handler that interrupted it, is safe at every instruction.
 *
 * Vector state: the guest keeps all of it, x87 and MXCSR included, but for the
 * tiles of AMX, which no C compiler uses by itself. PKRU is as the handler
 * leaves it.
 *
 * Selector: a byte of the thread's, where the module has it in a control area of
 * the library's, so that no call touches user memory. It is ALLOW as the handler
 * starts, so that its own calls run, and BLOCK when it returns. A handler that
 * runs guest code itself puts sud_call_block() before and sud_call_allow()
 * behind. With SUD_UPCALL_NO_SELECTOR there is none: in mode INCLUSIVE, calls
 * of guest code are then blocked wherever it runs, also in a signal handler
 * that interrupted the handler, and no other call ever is.
 *
 * Signals: a signal handler starts with the selector as it found it, which is
 * ALLOW when it interrupted the handler. One that runs guest code does it so:
 *	int old = sud_call_block();
 *	guest code
 *	sud_call_restore(old);
 *	return;
 * Its rt_sigreturn, if that is blocked, is one of the calls the handler gets;
 * sud_call_native() does it. After a siglongjmp the selector is as it was at
 * the jump, ALLOW when that was in the handler.
 *
 * Threads: each installs for itself. The thread or process that clone, fork or
 * vfork makes is off until it does; after fork the library's state is the
 * parent's copy and may be installed again. With SUD_UPCALL_INHERIT it is armed
 * from the start, by the process's handler, which uses neither errno nor the C
 * library, and whose guest may do with FS what it likes. exec leaves the new image
 * off.
 *
 * Not with the own stack: a signal handler on an alternate stack (SA_ONSTACK)
 * that makes blocked calls. Where the handler's stack begins follows from the
 * stack pointer, so such a call would overwrite the one it interrupted.
 */
#ifndef LIBSUD_H
#define LIBSUD_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SUD_API __attribute__((visibility("default")))

/**
 * struct sud_call - a blocked call: the guest's registers, which it gets back
 * @rax: the number of the call; what the handler returns replaces it
 * @rdi: first argument
 * @rsi: second
 * @rdx: third
 * @r10: fourth
 * @r8: fifth
 * @r9: sixth
 * @rbx: no argument, nor are @rbp and @r12 to @r15
 * @rbp: see @rbx
 * @r12: see @rbx
 * @r13: see @rbx
 * @r14: see @rbx
 * @r15: see @rbx
 * @rsp: the stack pointer; the 128 bytes below it are the guest's, too
 * @rip: where the guest goes on: the address after the instruction
 * @rflags: the flags
 *
 * rcx and r11 are @rip and @rflags in the guest, as after any SYSCALL.
 */
struct sud_call {
	uint64_t rax, rdi, rsi, rdx, r10, r8, r9;
	uint64_t rbx, rbp, r12, r13, r14, r15;
	uint64_t rsp, rip, rflags;
};

/* Returns what the guest finds in rax: a result, or -errno. */
typedef long (*sud_handler)(struct sud_call *call);

/*
 * The vector state is not saved: the handler, and all that it calls, is compiled
 * with -mgeneral-regs-only. The C library is not.
 */
#define SUD_UPCALL_NO_VECTORS 1U
/* No selector: the region alone says what is blocked, from now on. */
#define SUD_UPCALL_NO_SELECTOR 2U
/*
 * The calling thread's threads and child processes, and theirs, are armed as it is
 * from their first instruction. The handler is the process's: one for all, and the
 * last one that was installed so. There is neither selector nor own stack.
 */
#define SUD_UPCALL_INHERIT 4U
/*
 * With SUD_UPCALL_INHERIT: the threads that the process has already are armed, too.
 * Each arms itself in the handler of a signal, which see libsud(3).
 */
#define SUD_UPCALL_ALL_THREADS 8U

/* The least size of an own stack. The vector state takes up to 3 KiB of it. */
#define SUD_UPCALL_STACK_MIN 16384

/**
 * struct sud_options - what is blocked, and how it is handled
 * @mode: SUD_MODE_EXCLUSIVE or SUD_MODE_INCLUSIVE of sud_uapi.h
 * @flags: SUD_UPCALL_*
 * @offset: first address of the region
 * @len: its length. Exclusive: 0 exempts nothing but the library's own return
 *	from signal handlers. With another region SUD_FLAG_SIGRETURN exempts
 *	it: each blocked call costs more, and the handler does not get to see
 *	every rt_sigreturn, because the kernel writes no siginfo for a signal
 *	handler without SA_SIGINFO, and so finds an older one there.
 * @stack: the own stack's lowest address, or NULL: the guest's stack. 144 bytes
 *	below the guest's stack pointer are needed of it in both cases.
 * @stack_size: its size in bytes, or 0
 */
struct sud_options {
	uint32_t mode;
	uint32_t flags;
	uint64_t offset;
	uint64_t len;
	void *stack;
	size_t stack_size;
};

/**
 * sud_upcall_install() - have the calling thread's blocked calls handled
 * @handler: the function
 * @options: what is blocked; NULL is exclusive, without a region
 *
 * The selector is ALLOW afterwards: sud_call_block() starts it. Not from within
 * the handler, when the stack or the flags change.
 *
 * Return: 0, or -1 and errno: EINVAL for an argument, ENOENT, ENXIO or ENODEV
 * without the module, or an error of open() or of SUD_IOC_SET in sud_uapi.h. On
 * error the thread is as it was.
 */
SUD_API int sud_upcall_install(sud_handler handler,
			       const struct sud_options *options);

/**
 * sud_upcall_remove() - no call of the calling thread is blocked any more
 *
 * Its own calls must not be blocked as it is called. Return: 0, or -1 and errno.
 */
SUD_API int sud_upcall_remove(void);

/**
 * sud_upcall_remove_all() - no call of any thread of the process is blocked any more
 *
 * Threads that installed for themselves included. Return: 0, or -1 and errno, as
 * sud_upcall_install() with SUD_UPCALL_ALL_THREADS.
 */
SUD_API int sud_upcall_remove_all(void);

/*
 * The selector of the calling thread; they return what it was. After
 * sud_call_block() the C library's calls are blocked as well, unless the region
 * exempts them.
 */
SUD_API int sud_call_block(void);
SUD_API int sud_call_allow(void);
SUD_API void sud_call_restore(int old);

/**
 * sud_call_native() - make the call as the guest would have
 * @call: what the handler was given, not a copy; number and arguments may have
 *	been changed
 *
 * For use in the handler, with the selector at ALLOW. What is special:
 *   rt_sigreturn does not return: the guest goes on where the signal found it,
 *	with the selector at BLOCK
 *   fork returns twice, in the child too, which then runs the rest of the
 *	handler on its way back to the guest; so do clone and clone3 without
 *	CLONE_VM, CLONE_SETTLS and a stack
 *   vfork, clone, clone3 otherwise: the child goes straight to the guest. On its
 *	parent's stack it gets CLONE_VFORK, if that is not there. 272 bytes at the
 *	top of a new stack are used. libsud(3) says what else differs.
 *
 * Return: the result, or -errno.
 */
SUD_API long sud_call_native(struct sud_call *call);

/**
 * sud_raw_call() - a system call that is the caller's own, not the guest's
 * @nr: its number
 * @a: first argument
 * @b: second
 * @c: third
 * @d: fourth
 * @e: fifth
 * @f: sixth
 *
 * It runs, also in a thread without a selector and where the calls of the C library are
 * blocked, unless the region that was asked for says otherwise. It uses neither errno
 * nor anything else of the thread's. Not for calls that make a child, nor for
 * rt_sigreturn.
 *
 * Return: the result, or -errno.
 */
SUD_API long sud_raw_call(long nr, long a, long b, long c, long d, long e,
			  long f);

/*
 * The other side of a listener, see SUD_IOC_LISTEN in sud_uapi.h: a supervisor, which
 * answers the blocked calls of threads that may be in other processes. These functions
 * arm nothing in the process that calls them, and have nothing to do with those above.
 */
struct sud_config;
struct sud_notification;
struct sud_answer;

/*
 * Fills in the answer to a call. As it comes, it is that the call fails with ENOSYS,
 * and its registers are the call's, so that a handler that sets SUD_ANSWER_REGS changes
 * those only that it means. With a flag set the result does not count. A handler that
 * sets the id to 0 gives no answer: somebody gives it later, by sud_serve().
 */
typedef void (*sud_listener_handler)(void *arg,
				     const struct sud_notification *call,
				     struct sud_answer *answer);

/**
 * sud_listener_run() - have calls handled until none can come any more
 * @listener: the descriptor; also in many threads or processes at once
 * @handler: the function that answers
 * @arg: its first argument
 *
 * It takes up to 16 calls at once, and gives their answers as it takes the next ones.
 * So a handler must not wait for what another call is to do: it answers later.
 *
 * An answer comes to nothing when the call waits no more. One that is refused, for its
 * flags or registers, is replaced: the call then fails with EINVAL.
 *
 * Return: 0 when no call can come any more, for which the caller has to close its own
 * /dev/sud, too; or -1 and errno: EAGAIN, when the descriptor has O_NONBLOCK and all
 * calls that were there are answered, or another error of SUD_IOC_SERVE. EINTR is not
 * among them.
 */
SUD_API int sud_listener_run(int listener, sud_listener_handler handler,
			     void *arg);

/**
 * sud_listener_read() - copy from the memory of the thread whose call waits
 * @listener: the descriptor
 * @call: the call, taken and not answered
 * @address: where in the thread's memory
 * @buffer: where to
 * @size: how many bytes
 *
 * Other threads can change the memory before and after: what has been checked must not
 * be read again.
 *
 * Return: 0, or -1 and errno: ENOENT when the call waits no more, and then the buffer
 * may hold another program's bytes; EFAULT when some cannot be read; EPERM when the
 * caller may not trace the thread, see ptrace(2); ESRCH when the thread has no number
 * in the caller's pid namespace.
 */
SUD_API int sud_listener_read(int listener, const struct sud_notification *call,
			      uint64_t address, void *buffer, size_t size);

/**
 * sud_listener_read_string() - the same, up to a zero byte
 * @listener: the descriptor
 * @call: the call
 * @address: where in the thread's memory
 * @buffer: where to
 * @size: how many bytes fit there
 *
 * Return: the length without the zero byte, or -1 and errno: as sud_listener_read(), and
 * ENAMETOOLONG when it does not fit.
 */
SUD_API ssize_t sud_listener_read_string(int listener,
					 const struct sud_notification *call,
					 uint64_t address, char *buffer,
					 size_t size);

/**
 * sud_listener_write() - copy to the memory of the thread whose call waits
 * @listener: the descriptor
 * @call: the call
 * @address: where in the thread's memory
 * @buffer: where from
 * @size: how many bytes
 *
 * Never to that of another one that took over its number. As a debugger's, this write
 * reaches private memory that the thread itself may only read. /proc must be mounted.
 *
 * Return: as sud_listener_read(), but EACCES in place of EPERM, and ENOENT in place of
 * ESRCH; after EFAULT a part may have been written.
 */
SUD_API int sud_listener_write(int listener,
			       const struct sud_notification *call,
			       uint64_t address, const void *buffer,
			       size_t size);

/**
 * sud_listener_spawn() - start a program that is armed from its first instruction
 * @fd: an open /dev/sud that has a listener
 * @config: how, as for SUD_IOC_SET; NULL: all calls of all of its threads and children
 *	wait for the listener. The next exec disarms, in any case
 * @argv: the program, looked for as by execvp(), and its arguments
 *
 * The program is a child of the caller's, with its signal mask and descriptors. Nobody
 * else may wait for it before this function returns. A set-user-ID program runs without
 * its owner's rights, unless the caller has CAP_SYS_PTRACE.
 *
 * Return: the child's process number, or -1 and errno: an error of fork(), ptrace(),
 * execve() or SUD_IOC_SET_TASK.
 */
SUD_API pid_t sud_listener_spawn(int fd, const struct sud_config *config,
				 char *const argv[]);

/*
 * A channel: blocked calls go to a supervisor, and answers come back, through memory
 * that both have mapped, without a system call on either side. The supervisor looks for
 * calls all the time, and a thread that has called for its answer, so each keeps a CPU
 * busy. The memory is the control area of one open /dev/sud, whose descriptor both have.
 *
 * The threads that call are armed by sud_upcall_install(), and their handler asks. So the
 * program can answer its own calls, too, and can spoil the memory: a supervisor believes
 * nothing of a call beyond what the program may do by itself.
 */
struct sud_channel_memory;

/* How many calls can be under way at once. */
#define SUD_CHANNEL_PLACES_MAX 1024

/**
 * struct sud_channel - a channel as one process has it
 * @memory: where it is mapped
 * @places: how many calls can be under way at once
 * @spins: how often one looks in vain before one lets others have the CPU
 */
struct sud_channel {
	struct sud_channel_memory *memory;
	uint32_t places;
	uint32_t spins;
};

/**
 * sud_channel_map() - map the channel of an open /dev/sud
 * @channel: filled in
 * @fd: the descriptor; the first one who maps makes the channel
 * @places: for so many calls at once, the same for all who map it; others wait. More
 *	than can be interrupted at once by signal handlers that make blocked calls
 * @spins: how often one looks in vain before each look lets others have the CPU; 0 where
 *	both sides have the same CPU
 *
 * A forked child does not have its parent's channel: it maps it again.
 *
 * Return: 0, or -1 and errno: EINVAL when @places is 0, above SUD_CHANNEL_PLACES_MAX or
 * not as others have it, or an error of mmap() in sud_uapi.h.
 */
SUD_API int sud_channel_map(struct sud_channel *channel, int fd,
			    uint32_t places, uint32_t spins);

/* Nobody uses it in this process any more. Return: 0, or -1 and errno. */
SUD_API int sud_channel_unmap(struct sud_channel *channel);

/**
 * sud_channel_ask() - have the supervisor answer the call
 * @channel: the channel
 * @call: what the handler was given, not a copy
 * @tid: what the supervisor is to find as the thread's number, or 0
 *
 * For use in the handler. It uses neither errno nor the C library, and no vector
 * registers. A siglongjmp out of it, or a thread that dies in it, loses a place.
 *
 * Return: what the handler is to return; -ENOSYS when the channel has been closed, and
 * in a forked child that has not mapped it.
 */
SUD_API long sud_channel_ask(const struct sud_channel *channel,
			     struct sud_call *call, pid_t tid);

/**
 * sud_channel_serve() - have the calls handled that are there
 * @channel: the channel; also in many threads at once
 * @handler: the function that answers, as for a listener
 * @arg: its first argument
 *
 * Of a call it finds no pid and no selector. Registers are not checked: those that user
 * mode cannot have are the program's end. rcx and r11 are the address and the flags,
 * whatever they are said to be.
 *
 * Return: how many there were; it waits for none.
 */
SUD_API int sud_channel_serve(const struct sud_channel *channel,
			      sud_listener_handler handler, void *arg);

/* The same again and again, until the channel is closed. */
SUD_API void sud_channel_run(const struct sud_channel *channel,
			     sud_listener_handler handler, void *arg);

/**
 * sud_channel_answer() - answer a call whose handler has set the answer's id to 0
 * @channel: the channel
 * @answer: the answer, with the call's id
 *
 * By one thread at a time for each call. Return: 0, or -1 and ENOENT when no such call
 * waits.
 */
SUD_API int sud_channel_answer(const struct sud_channel *channel,
			       const struct sud_answer *answer);

/*
 * For all who have it mapped, and for good: calls that wait fail with ENOSYS, and later
 * ones, too. Also in a signal handler. The end of a process does not do it: a supervisor
 * does it when its program has ended, and the program of one that is killed waits for
 * ever, unless it has asked to die with it (PR_SET_PDEATHSIG).
 */
SUD_API void sud_channel_close(const struct sud_channel *channel);

#ifdef __cplusplus
}
#endif
#endif /* LIBSUD_H */
