/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * Syscall User Dispatch through /dev/sud: the whole ABI.
 *
 * A thread arms itself with SUD_IOC_SET. Its system calls are then judged in
 * the order and by the rules of prctl(PR_SET_SYSCALL_USER_DISPATCH), see
 * Documentation/admin-guide/syscall-user-dispatch.rst in the kernel's source:
 * the calls it may not make itself are handed back to it instead of being
 * executed. The numbers below equal the prctl's.
 *
 * The state belongs to the thread, not to the file descriptor:
 *   close	changes nothing
 *   fork, vfork, clone	leave the child off, unless a flag says otherwise
 *   exec	leaves the new image off
 *   exit	frees it
 *   rmmod	says busy (EWOULDBLOCK) as long as a thread is armed
 *
 * errno, for every ioctl here unless it says otherwise:
 *   EFAULT	the argument cannot be read or written; or an address in it
 *		lies outside user space (above 4 GiB for a 32-bit caller)
 *   EINVAL	@size is smaller than the first version of the struct; or a mode,
 *		flag, delivery, range or combination does not exist
 *   E2BIG	@size is larger than this module knows and the rest is not zero,
 *		or larger than a page
 *   EBUSY	SET, OFF included: the kernel's own prctl has armed the thread
 *   ENOMEM	no memory for the thread's state, or for the ranges of a set
 *   ENOSPC	a region set would hold more than sud_info.max_regions ranges, or
 *		this user's sets and control areas, or the lists that its calls are
 *		working on, take more memory than a user may have
 *   EPERM	the administrator does not allow that threads are armed; or
 *		another thread's configuration: the caller is not its tracer, or
 *		would take a region set that another user made
 *   ESRCH	there is no such thread, or it is not stopped, or another thread
 *		took its number over in an exec that its tracer was not told of
 *   EINTR	the caller was killed while it waited for its turn at a set, or for
 *		a thread that it traces to come to rest
 *   ENOTTY	no such ioctl
 * An ioctl that fails changes nothing: an armed thread stays armed as it was,
 * and a region set holds what it held.
 */
#ifndef _UAPI_SUD_H
#define _UAPI_SUD_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define SUD_DEVICE "/dev/sud"
#define SUD_ABI_VERSION 1

/* sud_config.mode */
#define SUD_MODE_OFF 0
#define SUD_MODE_EXCLUSIVE 1 /* calls from the region run natively */
#define SUD_MODE_INCLUSIVE 2 /* calls from outside the region do */

/* The selector byte. Any other value kills the process with SIGSYS. */
#define SUD_SELECTOR_ALLOW 0
#define SUD_SELECTOR_BLOCK 1

/* sud_config.delivery: what a blocked call gets */
#define SUD_DELIVER_SIGSYS 0 /* the signal, as native SUD sends it */
#define SUD_DELIVER_UPCALL 1 /* a jump to upcall_entry */
#define SUD_DELIVER_NOTIFY 2 /* a wait for the answer of a listener */

/* sud_config.flags */
/*
 * The selector becomes ALLOW as the call is handed over, by signal or upcall,
 * so that the handler may make calls at once. EINVAL without a selector.
 */
#define SUD_FLAG_AUTO_ALLOW (1U << 0)
/*
 * An rt_sigreturn whose frame at the stack pointer is of a SIGSYS with code 2
 * runs natively, so that the handler can return with the selector at BLOCK. For
 * a signal handler without SA_SIGINFO the kernel writes no siginfo: what an
 * older frame left there counts.
 */
#define SUD_FLAG_SIGRETURN (1U << 1)
/*
 * The ranges of the region set of the descriptor that SET is called on take the
 * place of the one region; offset and len are 0. See struct sud_regions.
 */
#define SUD_FLAG_REGIONS (1U << 2)
/*
 * selector and upcall_frame, where they are not 0, are added to the thread's FS
 * base at each call: addresses in its thread-local storage. A sum that is not an
 * address of user space kills the process with SIGSEGV, as one that cannot be
 * read does. EINVAL when both are 0, and for a 32-bit caller.
 */
#define SUD_FLAG_SELECTOR_FS (1U << 3)
/*
 * A new thread of the process (CLONE_THREAD), or a new process (fork, vfork, any
 * other clone), is armed as its parent is, these flags included, from its first
 * instruction on. The call that makes it fails with ENOMEM when there is no
 * memory for the child's state. exec disarms in any case.
 */
#define SUD_FLAG_INHERIT_THREAD (1U << 4)
#define SUD_FLAG_INHERIT_FORK (1U << 5)
/*
 * selector and upcall_frame, where they are not 0, lie in the same control area,
 * see SUD_AREA_MAX, and so do all frames: no call touches user memory, and the
 * selector can always be read. EFAULT when they do not lie there as SET is called.
 * EINVAL when both are 0, and with SUD_FLAG_SELECTOR_FS or _GS or
 * SUD_FLAG_INHERIT_FORK: a forked child has another area. What counts later is the
 * area, not what is mapped there: it may be unmapped. A top of the stack of frames
 * that lies outside of the area, or less than a frame above its beginning, kills
 * the process with SIGSEGV.
 */
#define SUD_FLAG_MAPPED (1U << 6)
/* As SUD_FLAG_SELECTOR_FS, by the GS base. EINVAL with that one. */
#define SUD_FLAG_SELECTOR_GS (1U << 7)
/*
 * With one or more of these, only calls that come in by these ways are judged,
 * and the others run natively. How a call came in from 32-bit code, by int
 * $0x80, SYSENTER or SYSCALL, cannot be told apart: the three are one way.
 */
#define SUD_FLAG_ENTRY_SYSCALL (1U << 8) /* 64-bit SYSCALL; x32 too */
#define SUD_FLAG_ENTRY_INT80 (1U << 9) /* int $0x80 from 64-bit code */
#define SUD_FLAG_ENTRY_COMPAT (1U << 10) /* any way from 32-bit code */

/**
 * struct sud_config - how a thread's system calls are judged
 * @size: sizeof(struct sud_config); the struct grows at its end
 * @mode: SUD_MODE_*; with SUD_MODE_OFF all that follows must be zero
 * @offset: first address of the region
 * @len: length of the region in bytes. Exclusive: 0 exempts nothing, and
 *	@offset + @len must not wrap unless @offset is 0. Inclusive: not 0, and
 *	@offset + @len must not wrap. The address that counts is the one after
 *	the system call instruction.
 * @selector: address of the selector byte, or 0 to block every call that the
 *	region does not let run. One that cannot be read kills the process with
 *	SIGSEGV.
 * @delivery: SUD_DELIVER_*
 * @flags: SUD_FLAG_*
 * @upcall_entry: where a blocked call continues (SUD_DELIVER_UPCALL, else 0)
 * @upcall_frame: address of a __u64 that holds the top of a stack of struct
 *	sud_upcall_frame, which grows down; or 0 for the form in registers
 *
 * Upcall: the thread goes on at @upcall_entry as if the instruction had been a
 * jump there: ax holds the number, and all else is as it was, sp, the red zone,
 * vector state and the signal mask included. User code resumes the caller by a
 * jump to the saved address.
 *
 * In registers, for 64-bit SYSCALL: rcx holds the address after the instruction
 * and r11 the flags, which is what SYSCALL itself leaves there.
 *
 * With a stack of frames, for every way of entry: the kernel takes
 * sizeof(struct sud_upcall_frame) off the top, writes the frame there and
 * stores the new top; user code gives it back. 64-bit SYSCALL leaves
 * @upcall_entry in rcx; the other ways change no register but ip. A frame or
 * top that cannot be read or written kills the process with SIGSEGV.
 *
 * A call that cannot be an upcall comes by SIGSYS: one by int $0x80 or from
 * 32-bit code where there is no stack of frames, and one from code of another
 * bitness than that which called SET.
 *
 * Notify: the thread waits until the listener of the descriptor that SET is called on
 * answers, see struct sud_listen. EINVAL when the descriptor has none, and with
 * SUD_FLAG_AUTO_ALLOW: no handler of the thread's is entered.
 */
struct sud_config {
	__u32 size;
	__u32 mode;
	__u64 offset;
	__u64 len;
	__u64 selector;
	__u32 delivery;
	__u32 flags;
	__u64 upcall_entry;
	__u64 upcall_frame;
};

#define SUD_CONFIG_SIZE_VER0 56

/**
 * struct sud_upcall_frame - one blocked call
 * @ip: the address after its instruction
 * @flags: the flags; not a debugger's trap flag
 * @nr: its number
 * @arch: AUDIT_ARCH_*
 * @cs: the code segment it came from
 * @reserved: zero
 */
struct sud_upcall_frame {
	__u64 ip;
	__u64 flags;
	__u32 nr;
	__u32 arch;
	__u32 cs;
	__u32 reserved;
};

/**
 * struct sud_info - what this module can do
 * @size: in: sizeof(struct sud_info); out: what of it was filled in
 * @abi: SUD_ABI_VERSION of the module
 * @modes: bit 1 << SUD_MODE_* for each mode
 * @deliveries: bit 1 << SUD_DELIVER_* for each delivery
 * @flags: every SUD_FLAG_* that SET takes
 * @native_modes: as @modes, of the kernel's own prctl
 * @max_regions: ranges a region set may hold
 * @hints: SUD_HINT_*
 */
struct sud_info {
	__u32 size;
	__u32 abi;
	__u32 modes;
	__u32 deliveries;
	__u32 flags;
	__u32 native_modes;
	__u32 max_regions;
	__u32 hints;
};

#define SUD_INFO_SIZE_VER0 32

/* sud_info.hints */
/*
 * On this machine an upcall with a stack of frames leaves the kernel faster than
 * one in registers, by SYSRET instead of IRET. Not so with FRED, which has one way.
 */
#define SUD_HINT_FRAMES_LEAVE_FASTER (1U << 0)

/**
 * struct sud_range - addresses from @offset up to @offset + @len
 * @offset: the first
 * @len: how many; not 0, and the end must not wrap. As for the one region, the
 *	address that counts is the one after the system call instruction.
 */
struct sud_range {
	__u64 offset;
	__u64 len;
};

/**
 * struct sud_regions - ranges to add, to remove or to list
 * @size: sizeof(struct sud_regions)
 * @flags: zero
 * @ranges: address of an array of struct sud_range
 * @count: its length. LIST: in: its length; out: how many ranges the set has,
 *	of which the first were written, as many as the array takes
 *
 * An open /dev/sud has a region set, which is empty at first. Every thread that
 * was armed with SUD_FLAG_REGIONS on the descriptor, or on another one of the
 * same open file, shares it: a change holds for all of them when the ioctl
 * returns. The set lives as long as a descriptor or an armed thread refers to
 * it.
 *
 * A set is a set of addresses: ranges that overlap or adjoin become one, what is
 * there already may be added, what is not there may be removed, and removing
 * from the middle of a range leaves two. LIST gives the ranges in ascending
 * order, as few as can be.
 *
 * A call takes all of its ranges or none.
 */
struct sud_regions {
	__u32 size;
	__u32 flags;
	__u64 ranges;
	__u64 count;
};

#define SUD_REGIONS_SIZE_VER0 24

/* sud_task_config.flags */
/* The thread was, or is to be, armed from 32-bit code. In and out. */
#define SUD_TASK_32BIT (1U << 0)
/*
 * GET_TASK, in: from now on the descriptor has the thread's region set in place
 * of its own, if the thread uses one. LIST then reads it, and SET_TASK on this
 * descriptor gives it to a thread. EPERM when another user made the set, which
 * the thread may have inherited, and the caller lacks CAP_SYS_PTRACE over it.
 */
#define SUD_TASK_TAKE_REGIONS (1U << 1)
/* GET_TASK, in: the same of the thread's listener, which any tracer may have. */
#define SUD_TASK_TAKE_LISTENER (1U << 2)

/**
 * struct sud_task_config - another thread's configuration
 * @size: sizeof(struct sud_task_config)
 * @tid: the thread, in the caller's pid namespace
 * @flags: SUD_TASK_*
 * @reserved: zero
 * @config: address of the struct sud_config, whose size must be set
 * @set: the number of the thread's region set, 0 without one; threads that share
 *	a set show the same number. SET_TASK: that of the descriptor's set, or 0
 *	for whichever it has; EINVAL for another.
 * @listener: the same of its listener
 *
 * For the thread's tracer, while the thread is in a ptrace-stop: as
 * PTRACE_{GET,SET}_SYSCALL_USER_DISPATCH_CONFIG. SET_TASK of what GET_TASK gave,
 * on the same descriptor and with SUD_TASK_TAKE_REGIONS and _LISTENER at GET_TASK,
 * restores the thread exactly. For a thread of another program: add the ranges to a set that
 * it has, or to a new one, and use SET_TASK there with @set 0.
 */
struct sud_task_config {
	__u32 size;
	__s32 tid;
	__u32 flags;
	__u32 reserved;
	__u64 config;
	__u64 set;
	__u64 listener;
};

#define SUD_TASK_CONFIG_SIZE_VER0 32

/**
 * struct sud_list_entry - one armed thread, for SUD_IOC_LIST
 * @pid: its process, in the caller's pid namespace
 * @tid: the thread, in the caller's pid namespace
 * @flags: SUD_TASK_32BIT
 * @reserved: zero
 * @set: the number of its region set, 0 without one
 * @config: what it was armed with; comes last, because it may grow
 */
struct sud_list_entry {
	__s32 pid;
	__s32 tid;
	__u32 flags;
	__u32 reserved;
	__u64 set;
	struct sud_config config;
};

#define SUD_LIST_ENTRY_SIZE_VER0 80

/**
 * struct sud_list - which threads are armed
 * @size: sizeof(struct sud_list)
 * @flags: zero
 * @entries: address of an array of struct sud_list_entry
 * @count: in: its length, not 0; out: how many entries were written
 * @entry_size: sizeof(struct sud_list_entry), which is the distance between two of
 *	them; what the module does not know of one is zeroed. EINVAL when it is smaller
 *	than the first version, E2BIG when it is larger than a page
 * @cursor: in: the first thread that is wanted, 0 for the beginning; out: where the
 *	next call goes on, 0 at the end
 *
 * In ascending order of @tid, and in many calls: one call gives no more than it
 * has room for, nor more than the module takes on at once. A thread that is armed
 * from the first call to the last one comes once; others may or may not come.
 *
 * Seen are the threads of the caller's pid namespace that the caller may see in
 * /proc, addresses and all (ptrace(2), "Ptrace access mode checking",
 * PTRACE_MODE_READ_FSCREDS): one's own, and all others with CAP_SYS_PTRACE.
 */
struct sud_list {
	__u32 size;
	__u32 flags;
	__u64 entries;
	__u32 count;
	__u32 entry_size;
	__u64 cursor;
};

#define SUD_LIST_SIZE_VER0 32

/**
 * struct sud_unsynced - which threads of the process are not armed as the caller is
 * @size: sizeof(struct sud_unsynced)
 * @flags: zero
 * @tids: address of an array of __s32: the threads, in the caller's pid namespace
 * @count: in: its length, not 0; out: how many were written
 *
 * A thread is armed as the caller is when both are off, or when both have the same
 * struct sud_config, bitness, region set, control area and listener. Threads that exit,
 * and the kernel's own in the process, as io_uring's, are left out.
 *
 * For those who bring all threads of a process into step, as seccomp's TSYNC does: have
 * those that are given call SET, and ask again. When none is given, there is none, and
 * will be none unless a thread calls SET; but without SUD_FLAG_INHERIT_THREAD, a new
 * thread of an armed one is off. The list in /proc/PID/task cannot say that: it may end
 * early where a thread exits while it is read.
 */
struct sud_unsynced {
	__u32 size;
	__u32 flags;
	__u64 tids;
	__u64 count;
};

#define SUD_UNSYNCED_SIZE_VER0 24

/* sud_status.flags */
/* Nobody may arm threads just now: EPERM. */
#define SUD_STATUS_OFF (1U << 0)

#define SUD_STATUS_HOOK_LEN 64

/**
 * struct sud_status - how the module does, since it was loaded
 * @size: in: sizeof(struct sud_status); out: what of it was filled in
 * @flags: SUD_STATUS_*
 * @armed: threads that were armed by SET, SET_TASK or the prctl; not re-armed
 * @inherited: threads that were armed as their parent is
 * @disarmed: threads that are armed no more, whether by OFF, exec or exit
 * @sigsys: blocked calls that became a SIGSYS
 * @upcalls: blocked calls that became an upcall
 * @kills: processes that died of a selector or frame
 * @hook: the kernel's function that is hooked, ends with a zero
 * @notifies: blocked calls that began to wait for a listener
 *
 * The counts are of the whole machine, and each is read by itself: they need not
 * add up while threads run. A call that runs is not counted.
 */
struct sud_status {
	__u32 size;
	__u32 flags;
	__u64 armed;
	__u64 inherited;
	__u64 disarmed;
	__u64 sigsys;
	__u64 upcalls;
	__u64 kills;
	__u8 hook[SUD_STATUS_HOOK_LEN];
	__u64 notifies;
};

#define SUD_STATUS_SIZE_VER0 120

/*
 * mmap() of an open /dev/sud maps its control area, which is memory that processes
 * and the module share, zeroed at first: with MAP_SHARED, PROT_READ | PROT_WRITE,
 * offset 0 and a length of up to SUD_AREA_MAX. The first mmap() of an open file
 * makes the area, and all others, by any process that has the descriptor, map the
 * same one, in the same length. EINVAL for anything else, ENOSPC and ENOMEM as for
 * a region set. mremap() can move a mapping, and not enlarge it.
 *
 * The child of a fork has an area of its own in that place, zeroed: its stores do
 * not reach the parent's selectors. Threads, and a child of vfork, share the area.
 * It lives as long as a descriptor, a mapping or an armed thread refers to it.
 */
#define SUD_AREA_MAX (1U << 20)

/* sud_listen.flags */
/*
 * Once a call has been taken, its thread waits for the answer whatever signals come,
 * unless one kills it. As SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV.
 */
#define SUD_LISTEN_KILLABLE (1U << 0)

/**
 * struct sud_listen - make a listener
 * @size: sizeof(struct sud_listen)
 * @flags: SUD_LISTEN_*
 *
 * SUD_IOC_LISTEN returns a new descriptor, close-on-exec, which is the listener of
 * the /dev/sud that it was called on. There it answers the blocked calls of all
 * threads that are armed on that /dev/sud with SUD_DELIVER_NOTIFY, and of their
 * children that inherit. EBUSY when there is such a descriptor already; one that was
 * closed makes room for another. EMFILE, ENFILE, ENOSPC and ENOMEM as elsewhere.
 *
 * It may be passed to other processes, and used by many at once. When its last
 * copy is closed, all calls that wait fail with ENOSYS, and so do all later ones.
 *
 * poll() says POLLIN when a call waits to be taken, and POLLHUP when none can come
 * any more: no thread is armed for it, and the /dev/sud is closed.
 *
 * A thread that waits can always be killed. A signal that it does not block ends its
 * wait: the call is restarted, or fails with EINTR, as signal(7) says of read(2); one
 * with a negative number is always restarted. A restarted call is a new one to the
 * listener. A stop and the freezer of cgroups end a wait in the same way, and are not
 * noticed by the program. With SUD_LISTEN_KILLABLE all of them come behind the answer
 * of a call that was taken.
 */
struct sud_listen {
	__u32 size;
	__u32 flags;
};

#define SUD_LISTEN_SIZE_VER0 8

/**
 * struct sud_regs - the general registers, as at the instruction of a system call
 *
 * @ax is the call's number. @ip is the address after the instruction.
 */
struct sud_regs {
	__u64 ax, bx, cx, dx, si, di, bp, sp;
	__u64 r8, r9, r10, r11, r12, r13, r14, r15;
	__u64 ip, flags;
};

/**
 * struct sud_notification - a blocked call that waits
 * @id: of this call; no other one of the listener has it
 * @pid: the process, in the reader's pid namespace; 0 when it has no number there
 * @tid: the thread, likewise
 * @nr: the number
 * @arch: AUDIT_ARCH_*
 * @cs: the code segment
 * @reserved: zero
 * @selector: the address of the thread's selector, or 0 without one. Relative to no
 *	segment
 * @regs: the registers
 */
struct sud_notification {
	__u64 id;
	__s32 pid;
	__s32 tid;
	__u32 nr;
	__u32 arch;
	__u32 cs;
	__u32 reserved;
	__u64 selector;
	struct sud_regs regs;
};

#define SUD_NOTIFICATION_SIZE_VER0 184

/* sud_answer.flags */
/*
 * The call runs natively. With SUD_ANSWER_REGS it runs with these registers, ax
 * being the number: a call of the listener's in place of the program's.
 */
#define SUD_ANSWER_RUN (1U << 0)
/* The registers become @regs. */
#define SUD_ANSWER_REGS (1U << 1)

/**
 * struct sud_answer - how a call that waits goes on
 * @id: the call
 * @flags: SUD_ANSWER_*
 * @error: in: 0; out: an errno if this answer failed
 * @result: without a flag: what the call returns, an errno as -errno. Else 0
 * @regs: with SUD_ANSWER_REGS: all registers. ip lies below the end of user space;
 *	of the flags only those may differ from what was given which ptrace(2)
 *	changes (the arithmetic ones, TF, DF, OF, RF, AC). All below 4 GiB for 32-bit code
 *
 * ENOENT when no such call has been taken or it waits no more: it was answered, or
 * its thread was interrupted or killed. EINVAL for an unknown flag or for registers
 * that user mode cannot have; then the call waits on.
 */
struct sud_answer {
	__u64 id;
	__u32 flags;
	__s32 error;
	__s64 result;
	struct sud_regs regs;
};

/* Without @regs, which an answer without SUD_ANSWER_REGS does not need. */
#define SUD_ANSWER_SIZE_VER0 24

/**
 * struct sud_serve - answer calls, and take those that wait
 * @size: sizeof(struct sud_serve)
 * @flags: zero
 * @answers: address of an array of struct sud_answer
 * @answer_count: its length
 * @answer_size: the distance between two of its entries; at least
 *	SUD_ANSWER_SIZE_VER0
 * @calls: address of an array of struct sud_notification
 * @call_count: its length; 0 takes none
 * @call_size: sizeof(struct sud_notification)
 *
 * First all answers are given. Then, when there is room for calls, it waits until one
 * is there, and takes as many as there are and there is room for. Return: how many.
 *
 * When an answer fails, its @error says why, the others are given all the same, and
 * the ioctl fails with the first one's error: no call is taken. EAGAIN when no call
 * is there and the descriptor has O_NONBLOCK. EINTR when a signal came before a
 * call did; the answers have been given. ESRCH when no call can come any more, as
 * POLLHUP. EFAULT when the first call could not be written; it waits on.
 */
struct sud_serve {
	__u32 size;
	__u32 flags;
	__u64 answers;
	__u32 answer_count;
	__u32 answer_size;
	__u64 calls;
	__u32 call_count;
	__u32 call_size;
};

#define SUD_SERVE_SIZE_VER0 40

/*
 * The numbers do not encode the size of the struct, which says it itself.
 *
 * SUD_IOC_INFO	fill a struct sud_info
 * SUD_IOC_SET	arm, re-arm or (SUD_MODE_OFF) disarm the calling thread
 * SUD_IOC_GET	what SET was given, exactly; SUD_MODE_OFF and zeroes when the
 *		thread is not armed here. @size must be set, as for SET.
 * SUD_IOC_REGIONS_ADD	add ranges to the descriptor's region set
 * SUD_IOC_REGIONS_REMOVE	remove ranges from it
 * SUD_IOC_REGIONS_LIST	what it holds
 * SUD_IOC_GET_TASK	GET, of another thread
 * SUD_IOC_SET_TASK	SET, of another thread
 * SUD_IOC_LIST	the armed threads that the caller may see
 * SUD_IOC_STATUS	fill a struct sud_status
 * SUD_IOC_LISTEN	make a listener; returns its descriptor
 * SUD_IOC_UNSYNCED	the threads of the process that are not armed as the caller is
 * Of a listener:
 * SUD_IOC_SERVE	answer calls and take calls
 * SUD_IOC_CALL_VALID	does the call whose id the __u64 holds still wait, taken and
 *		not answered? 0, or ENOENT. What was read of the thread's memory
 *		before this said so is of that thread, and not of one that took over
 *		its number
 */
#define SUD_IOC_MAGIC 0xD5
#define SUD_IOC_INFO _IO(SUD_IOC_MAGIC, 0)
#define SUD_IOC_SET _IO(SUD_IOC_MAGIC, 1)
#define SUD_IOC_GET _IO(SUD_IOC_MAGIC, 2)
#define SUD_IOC_REGIONS_ADD _IO(SUD_IOC_MAGIC, 3)
#define SUD_IOC_REGIONS_REMOVE _IO(SUD_IOC_MAGIC, 4)
#define SUD_IOC_REGIONS_LIST _IO(SUD_IOC_MAGIC, 5)
#define SUD_IOC_GET_TASK _IO(SUD_IOC_MAGIC, 6)
#define SUD_IOC_SET_TASK _IO(SUD_IOC_MAGIC, 7)
#define SUD_IOC_LIST _IO(SUD_IOC_MAGIC, 8)
#define SUD_IOC_STATUS _IO(SUD_IOC_MAGIC, 9)
#define SUD_IOC_LISTEN _IO(SUD_IOC_MAGIC, 10)
#define SUD_IOC_SERVE _IO(SUD_IOC_MAGIC, 11)
#define SUD_IOC_CALL_VALID _IO(SUD_IOC_MAGIC, 12)
#define SUD_IOC_UNSYNCED _IO(SUD_IOC_MAGIC, 13)

#endif /* _UAPI_SUD_H */
