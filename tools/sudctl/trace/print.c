// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

#include "args.h"
#include "clock.h"
#include "options.h"
#include "print.h"
#include "sudctl/sudctl.h"

/* Where strace has the equals sign. */
#define RESULT_COLUMN 39

static struct text text;
static bool failed;
/* More than one thread has been seen: then each line says whose it is. */
static pid_t only;
static bool several;

void print_flush(void)
{
	size_t size = text.size;

	text.size = 0;
	if (failed)
		return;
	/* Of -c, stdio has the lines. */
	if ((!size ||
	     fwrite_unlocked(text.bytes, size, 1, options.output) == 1) &&
	    !fflush_unlocked(options.output))
		return;
	failed = true;
	sudctl_error("the output cannot be written: %s", strerror(errno));
}

/* @when: by the time stamp counter. Return: where the line proper begins. */
static size_t begin(const struct tracee *tracee, uint64_t when)
{
	if (text.size > TEXT_ROOM - LINE_ROOM)
		print_flush();
	if (!only)
		only = tracee->tid;
	else if (tracee->tid != only)
		several = true;
	if (options.follow && (options.to_file || several)) {
		if (!options.to_file)
			text_string(&text, "[pid ");
		text_unsigned(&text, tracee->tid);
		text_string(&text, options.to_file ? " " : "] ");
	}
	if (options.time_of_day) {
		clock_write(&text, when, options.time_of_day);
		text_char(&text, ' ');
	}
	return text.size;
}

static void end_line(void)
{
	text_char(&text, '\n');
}

bool print_failed(void)
{
	return failed;
}

static void keep(struct tracee *tracee, const struct record *record)
{
	free(tracee->exec);
	tracee->exec = malloc(record->size);
	if (tracee->exec)
		memcpy(tracee->exec, record, record->size);
}

static void print_returned(struct tracee *tracee, const struct record *record,
			   const char *result)
{
	size_t start = begin(tracee, record->start);

	args_call(&text, record);
	text_char(&text, ')');
	text_column(&text, start, RESULT_COLUMN);
	text_string(&text, " = ");
	if (result)
		text_string(&text, result);
	else
		args_result(&text, record);
	if (record->kind == RECORD_INJECTED)
		text_string(&text, " (INJECTED)");
	if (options.spent && !result)
		clock_write_spent(&text, record->end - record->start);
	end_line();
}

void print_record(struct tracee *tracee, const struct record *record)
{
	if (record->kind == RECORD_EXEC) {
		keep(tracee, record);
		return;
	}
	free(tracee->exec);
	tracee->exec = NULL;
	print_returned(tracee, record, NULL);
}

void print_unfinished(struct tracee *tracee, const struct record *record)
{
	if (options.calls[record->nr].flags & CALL_NO_RETURN) {
		print_returned(tracee, record, "?");
		return;
	}
	size_t start = begin(tracee, record->start);

	args_call(&text, record);
	text_string(&text, " <unfinished ...>)");
	text_column(&text, start, RESULT_COLUMN);
	text_string(&text, " = ?");
	end_line();
}

void print_exec(struct tracee *tracee)
{
	if (!tracee->exec)
		return;
	tracee->exec->result = 0;
	tracee->exec->end = __rdtsc();
	print_returned(tracee, tracee->exec, NULL);
	free(tracee->exec);
	tracee->exec = NULL;
}

static struct captured *add_piece(struct captured *piece, int arg, int flags)
{
	piece->arg = arg;
	piece->flags = flags;
	piece->size = 0;
	piece->whole = 0;
	return piece;
}

static void add_string(struct captured *piece, const char *string)
{
	size_t size = strlen(string) + 1;

	if (size > PIECE_MAX - (size_t)piece->size) {
		piece->flags |= CAPTURED_MORE;
		return;
	}
	memcpy((char *)(piece + 1) + piece->size, string, size);
	piece->size += size;
	piece->whole++;
}

void print_command(struct tracee *tracee, const char *file, char **argv)
{
	static union {
		struct record record;
		char room[RECORD_MAX];
	} made;
	struct record *record = &made.record;
	struct captured *piece = (struct captured *)(record + 1);
	char **at;

	if (!(options.calls[SYS_execve].flags & CALL_SHOWN) || options.count)
		return;
	record->nr = SYS_execve;
	record->start = __rdtsc();
	record->args[1] = (uintptr_t)argv;
	record->args[2] = (uintptr_t)environ;
	record->pieces = 3;
	add_piece(piece, 0, 0);
	add_string(piece, file);
	if (piece->size)
		piece->size--;
	piece = captured_next(piece);
	add_piece(piece, 1, CAPTURED_ARRAY);
	for (at = argv; *at; at++)
		add_string(piece, *at);
	piece = captured_next(piece);
	add_piece(piece, 2, CAPTURED_ARRAY);
	for (at = environ; *at; at++)
		piece->whole++;
	record->size = (char *)captured_next(piece) - (char *)record;
	keep(tracee, record);
}

static void write_signal(int number)
{
	const char *name = signal_name(number);

	if (name) {
		text_string(&text, name);
	} else if (number == 32) {
		/* The kernel's first; the C library keeps it for itself. */
		text_string(&text, "SIGRTMIN");
	} else {
		text_string(&text, "SIGRT_");
		text_signed(&text, number - 32);
	}
}

void print_signal(const struct tracee *tracee, const siginfo_t *info)
{
	if (options.count || options.quiet || options.no_signals)
		return;
	begin(tracee, __rdtsc());
	text_string(&text, "--- ");
	write_signal(info->si_signo);
	text_string(&text, " {si_signo=");
	write_signal(info->si_signo);
	text_string(&text, ", si_code=");
	args_code(&text, info->si_signo, info->si_code);
	if (info->si_code > 0 &&
	    (info->si_signo == SIGSEGV || info->si_signo == SIGBUS ||
	     info->si_signo == SIGILL || info->si_signo == SIGFPE)) {
		text_string(&text, ", si_addr=");
		if (info->si_addr)
			text_hex(&text, (uintptr_t)info->si_addr);
		else
			text_string(&text, "NULL");
	} else if (info->si_code <= 0 || info->si_signo == SIGCHLD) {
		text_string(&text, ", si_pid=");
		text_signed(&text, info->si_pid);
		text_string(&text, ", si_uid=");
		text_unsigned(&text, info->si_uid);
	}
	text_string(&text, "} ---");
	end_line();
}

void print_stop(const struct tracee *tracee, int sig)
{
	if (options.count || options.quiet || options.no_signals)
		return;
	begin(tracee, __rdtsc());
	text_string(&text, "--- stopped by ");
	write_signal(sig);
	text_string(&text, " ---");
	end_line();
}

void print_end(const struct tracee *tracee, int status)
{
	if (options.count || options.quiet)
		return;
	begin(tracee, __rdtsc());
	if (WIFSIGNALED(status)) {
		text_string(&text, "+++ killed by ");
		write_signal(WTERMSIG(status));
		if (WCOREDUMP(status))
			text_string(&text, " (core dumped)");
	} else {
		text_string(&text, "+++ exited with ");
		text_signed(&text, WEXITSTATUS(status));
	}
	text_string(&text, " +++");
	end_line();
}
