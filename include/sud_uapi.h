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
 *   fork, vfork, clone	leave the child off
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
 *   ENOMEM	no memory for the thread's state
 *   ENOTTY	no such ioctl
 * An ioctl that fails changes nothing: an armed thread stays armed as it was.
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
 * @max_regions: ranges a region set may hold; 0: no region sets
 * @reserved: zero
 */
struct sud_info {
	__u32 size;
	__u32 abi;
	__u32 modes;
	__u32 deliveries;
	__u32 flags;
	__u32 native_modes;
	__u32 max_regions;
	__u32 reserved;
};

#define SUD_INFO_SIZE_VER0 32

/*
 * The numbers do not encode the size of the struct, which says it itself.
 *
 * SUD_IOC_INFO	fill a struct sud_info
 * SUD_IOC_SET	arm, re-arm or (SUD_MODE_OFF) disarm the calling thread
 * SUD_IOC_GET	what SET was given, exactly; SUD_MODE_OFF and zeroes when the
 *		thread is not armed here. @size must be set, as for SET.
 */
#define SUD_IOC_MAGIC 0xD5
#define SUD_IOC_INFO _IO(SUD_IOC_MAGIC, 0)
#define SUD_IOC_SET _IO(SUD_IOC_MAGIC, 1)
#define SUD_IOC_GET _IO(SUD_IOC_MAGIC, 2)

#ifndef __KERNEL__
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The wrappers return what the call below them does: -1 and errno on error. */

static inline int sud_open(void)
{
	return open(SUD_DEVICE, O_RDWR | O_CLOEXEC);
}

static inline int sud_info(int fd, struct sud_info *info)
{
	memset(info, 0, sizeof(*info));
	info->size = sizeof(*info);
	return ioctl(fd, SUD_IOC_INFO, info);
}

static inline int sud_set(int fd, const struct sud_config *config)
{
	return ioctl(fd, SUD_IOC_SET, config);
}

static inline int sud_get(int fd, struct sud_config *config)
{
	memset(config, 0, sizeof(*config));
	config->size = sizeof(*config);
	return ioctl(fd, SUD_IOC_GET, config);
}

/* Arm the calling thread; blocked calls come as SIGSYS. As the prctl does. */
static inline int sud_arm(int fd, __u32 mode, __u64 offset, __u64 len,
			  const volatile void *selector)
{
	struct sud_config config;

	memset(&config, 0, sizeof(config));
	config.size = sizeof(config);
	config.mode = mode;
	config.offset = offset;
	config.len = len;
	config.selector = (__u64)(__UINTPTR_TYPE__)selector;
	return sud_set(fd, &config);
}

static inline int sud_disarm(int fd)
{
	return sud_arm(fd, SUD_MODE_OFF, 0, 0, 0);
}

#ifdef __cplusplus
}
#endif
#endif /* __KERNEL__ */

#endif /* _UAPI_SUD_H */
