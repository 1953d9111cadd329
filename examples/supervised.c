// SPDX-License-Identifier: GPL-2.0-only
/*
 * A program of another system, for supervisor.c. It has no C library, and every system
 * call that it makes is one of that system: number, flags and errors are not Linux's.
 * It ends with the number of the line that did not give what it should.
 */
#include <stdbool.h>

#define CALL_EXIT 0x2000001
#define CALL_READ 0x2000003
#define CALL_WRITE 0x2000004
#define CALL_OPEN 0x2000005
#define CALL_CLOSE 0x2000006
#define CALL_NONE 0x2000077

#define OPEN_WRITE 0x1
#define OPEN_CREATE 0x200
#define OPEN_TRUNCATE 0x400

#define NO_FILE 2
#define BAD_FILE 9
#define BAD_ADDRESS 14
#define NO_CALL 78

/* The carry flag says that it failed; then rax has the error. */
static long call(long number, long a, long b, long c)
{
	long result;
	bool failed;

	__asm__ volatile("clc; syscall"
			 : "=a"(result), "=@ccc"(failed)
			 : "a"(number), "D"(a), "S"(b), "d"(c)
			 : "rcx", "r11", "memory");
	return failed ? -result : result;
}

static __attribute__((noreturn)) void end(long status)
{
	for (;;) {
		call(CALL_EXIT, status, 0, 0);
		/* Nobody answers any more. */
		__asm__ volatile("ud2");
	}
}

static void expect(bool good, int line)
{
	if (!good)
		end(line);
}

static long open(const char *path, long flags)
{
	return call(CALL_OPEN, (long)path, flags, 0600);
}

/* Without a caller, so without a stack that is aligned for one. */
__attribute__((force_align_arg_pointer, noreturn)) void _start(void)
{
	char text[100];
	long from, to, size;

	from = open("/greeting", 0);
	expect(from > 2, __LINE__);
	size = call(CALL_READ, from, (long)text, sizeof(text));
	expect(size > 0, __LINE__);
	expect(call(CALL_WRITE, 1, (long)text, size) == size, __LINE__);
	to = open("copy", OPEN_WRITE | OPEN_CREATE | OPEN_TRUNCATE);
	expect(to > 2 && to != from, __LINE__);
	expect(call(CALL_WRITE, to, (long)text, size) == size, __LINE__);
	expect(call(CALL_CLOSE, to, 0, 0) == 0, __LINE__);

	/* What it must not have, and what is not there. */
	expect(call(CALL_CLOSE, to, 0, 0) == -BAD_FILE, __LINE__);
	expect(call(CALL_WRITE, to, (long)text, size) == -BAD_FILE, __LINE__);
	expect(open("../../../../etc/passwd", 0) == -NO_FILE, __LINE__);
	expect(call(CALL_OPEN, 8, 0, 0) == -BAD_ADDRESS, __LINE__);
	expect(call(CALL_WRITE, 1, 8, 1) == -BAD_ADDRESS, __LINE__);
	expect(call(CALL_NONE, 0, 0, 0) == -NO_CALL, __LINE__);
	/* Linux's getpid. */
	expect(call(39, 0, 0, 0) == -NO_CALL, __LINE__);
	end(0);
}
