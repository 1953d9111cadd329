/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * What the library's files share.
 *
 * A thread that was armed for itself (libsud.c) has its handler and selector in
 * thread-local storage. One that was armed with SUD_UPCALL_INHERIT (process.c) has
 * nothing of its own: it, its threads and its children share one handler, and need
 * neither FS nor memory that somebody would have had to prepare.
 */
#ifndef SUD_INTERNAL_H
#define SUD_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>

#include <sud.h>

#include "libsud.h"

#define HIDDEN __attribute__((visibility("hidden")))

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
	int slot_owner; /* a forked child's slots are others */
	volatile unsigned char own_byte;
	bool has_selector;
	bool sigreturn_flag;
};

/* At a fixed distance from FS, so that entry.S needs no call to find it. */
extern HIDDEN __thread struct sud_thread sud_thread
	__attribute__((tls_model("initial-exec")));

/* The same for all threads; written once, before the first entry. */
extern HIDDEN uint64_t sud_vector_size;

/* entry.S: where calls arrive, and where their handlers return to. */
#define SUD_ENTRY(name)         \
	HIDDEN void name(void); \
	extern HIDDEN char name##_back[]
SUD_ENTRY(sud_entry);
SUD_ENTRY(sud_entry_vectors);
SUD_ENTRY(sud_entry_own);
SUD_ENTRY(sud_entry_own_vectors);
SUD_ENTRY(sud_process_entry);
SUD_ENTRY(sud_process_entry_vectors);

/* calls.S: the calls that always run, but in a region that was asked for. */
extern HIDDEN char sud_calls[], sud_calls_end[];
HIDDEN void sud_restorer(void);
HIDDEN void sud_sigreturn(uint64_t sp, volatile unsigned char *selector)
	__attribute__((noreturn));

/* No errno, no TLS: negative errnos. */
static inline long sud_device_open(void)
{
	return sud_raw_call(SYS_open, (long)SUD_DEVICE, O_RDWR | SUD_O_CLOEXEC,
			    0, 0, 0, 0);
}

static inline long sud_device_set(int fd, const struct sud_config *config)
{
	return sud_raw_call(SYS_ioctl, fd, SUD_IOC_SET, (long)config, 0, 0, 0);
}

static inline void sud_device_close(int fd)
{
	sud_raw_call(SYS_close, fd, 0, 0, 0, 0, 0);
}

/* What @o asks for, without entry and flags. */
static inline struct sud_config sud_config_of(const struct sud_options *o)
{
	struct sud_config config = {
		.size = sizeof(config),
		.mode = o->mode,
		.offset = o->offset,
		.len = o->len,
		.delivery = SUD_DELIVER_UPCALL,
	};

	/* Something has to run: the library's own calls. */
	if (o->mode == SUD_MODE_EXCLUSIVE && !o->offset && !o->len) {
		config.offset = (uintptr_t)sud_calls;
		config.len = sud_calls_end - sud_calls;
	}
	return config;
}

/* Does @o give a region whose calls run, so that the library's own are beside it? */
static inline bool sud_gives_region(const struct sud_options *o)
{
	return o->mode == SUD_MODE_EXCLUSIVE && (o->offset || o->len);
}

extern HIDDEN const struct sud_config sud_config_off;

/* process.c: sud_upcall_install() with SUD_UPCALL_INHERIT; 0 or -errno. */
HIDDEN long sud_process_install(sud_handler handler,
				const struct sud_options *options);

/*
 * threads.c: all threads of the process call SET with @config, the caller first. Their
 * descriptor @fd has to be the caller's. Return: 0 or -errno.
 */
HIDDEN long sud_threads_set(int fd, const struct sud_config *config);

#endif /* SUD_INTERNAL_H */
