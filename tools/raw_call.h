/* SPDX-License-Identifier: GPL-2.0-only */
/* A system call without the C library: for code that has none, or may not have errno. */
#ifndef SUD_RAW_CALL_H
#define SUD_RAW_CALL_H

/* Return: the result, or a negative errno. */
static inline long raw_call(long nr, long a, long b, long c, long d, long e,
			    long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "0"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8),
			   "r"(r9)
			 : "rcx", "r11", "memory");
	return ret;
}

#endif /* SUD_RAW_CALL_H */
