// SPDX-License-Identifier: GPL-2.0-only
/*
 * race [-t SECONDS] [-s SEED] [-w WORKERS] [-n THREADS] [-o OP,OP...] [-v]
 *
 * Threads that do everything at random, and check every verdict. What a thread
 * does follows from the seed, its number and how many there were before it; how
 * the threads meet does not. TAP: one result; the report is in the comments.
 */
#include <fcntl.h>
#include <linux/futex.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "race.h"

#define HWCAP2_FSGSBASE 2

struct shared *sh;
struct process proc;
struct self selves[SELVES];

/* Whoever reads it has another memory. */
static void copy_text(char *to, const char *from, size_t size)
{
	while (--size && (*to++ = *from++))
		;
	*to = 0;
}

void failure_text(const char *file, const char *what)
{
	struct failure *f = &sh->failure;

	copy_text(f->file, file, sizeof(f->file));
	copy_text(f->what, what, sizeof(f->what));
}

void fail(struct self *s, const char *file, int line, const char *what, u64 got,
	  u64 want)
{
	struct failure *f = &sh->failure;
	int none = 0;

	if (__atomic_compare_exchange_n(&f->set, &none, 1, false,
					__ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
		failure_text(file, what);
		f->line = line;
		f->got = got;
		f->want = want;
		f->pid = s ? s->pid : proc.pid;
		f->tid = s ? s->tid : 0;
		f->slot = proc.slot;
		f->gen = proc.gen;
		f->thread = -1;
		if (s && s->beat) {
			f->thread = s->beat - sh->slots[proc.slot].beat;
			f->op = s->beat->op;
			f->step = s->beat->step;
		}
		__atomic_store_n(&f->set, 2, __ATOMIC_SEQ_CST);
	}
	sh->stop = 1;
	/* The calls below may themselves be blocked. */
	if (s && s->model.selector)
		*s->model.selector = SUD_SELECTOR_ALLOW;
	for (;;) {
		sys(SYS_exit_group, 99);
		asm volatile("int3");
	}
}

/* For the end of the ring, which a failure prints. */
void note(struct self *s, long what)
{
	struct beat *b = s->beat;

	b->moves++;
	b->ring[b->at++ % RING] = (typeof(b->ring[0])){ b->step, b->op, what };
}

void note_op(struct self *s, int op)
{
	s->beat->op = op;
	s->beat->waits = NULL;
	note(s, 0);
}

void waits(struct self *s, const char *what, long for_what)
{
	s->beat->waits = what;
	s->beat->waits_for = for_what;
	s->beat->moves++;
}

void sleep_us(long us)
{
	struct timespec ts = { us / 1000000, us % 1000000 * 1000 };

	sys(SYS_nanosleep, &ts, NULL);
}

/* A process of its own, forked by the coordinator. */
void process_init(struct slot *slot)
{
	proc.pid = sys(SYS_getpid);
	proc.slot = slot - sh->slots;
	proc.gen = slot->gen;
	for (int i = 0; i < SELVES; i++)
		selves[i].index = i;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setpgid(0, 0);
}

static unsigned long find_ops(char *list)
{
	unsigned long ops = 0;

	for (char *name = strtok(list, ","); name; name = strtok(NULL, ",")) {
		int op = op_find(name);

		if (op < 0) {
			fprintf(stderr,
				"race: no operation %s; there are:", name);
			for (op = 0; op_name(op); op++)
				fprintf(stderr, " %s", op_name(op));
			fprintf(stderr, "\n");
			exit(2);
		}
		ops |= 1UL << op;
	}
	return ops;
}

static bool has_native(void)
{
	volatile u8 allow = 0;

	if (prctl(59, 1, 1UL, 1UL, &allow))
		return false;
	prctl(59, 0, 0, 0, 0);
	return true;
}

static bool has_uffd(void)
{
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static u64 random_seed(void)
{
	u64 seed = 0;

	if (sys(SYS_getrandom, &seed, 4, 0) != 4)
		seed = time(NULL);
	return seed;
}

int main(int argc, char **argv)
{
	struct utsname uts;
	long seconds = 30;
	int c;

	if (!strcmp(argv[0], "race-image"))
		return image();

	sh = mmap(NULL, sizeof(*sh), PROT_READ | PROT_WRITE,
		  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (sh == MAP_FAILED)
		return 2;
	sh->seed = random_seed();
	sh->workers = 3;
	sh->threads = 3;
	sh->ops = -1UL;
	while ((c = getopt(argc, argv, "t:s:w:n:o:v")) != -1) {
		switch (c) {
		case 't':
			seconds = strtol(optarg, NULL, 0);
			break;
		case 's':
			sh->seed = strtoull(optarg, NULL, 0);
			break;
		case 'w':
			sh->workers = strtol(optarg, NULL, 0);
			break;
		case 'n':
			sh->threads = strtol(optarg, NULL, 0);
			break;
		case 'o':
			sh->ops = find_ops(optarg);
			break;
		case 'v':
			sh->verbose = true;
			break;
		default:
			return 2;
		}
	}
	if (sh->workers < 1 || sh->workers > MAX_WORKERS || sh->threads < 1 ||
	    sh->threads > MAX_THREADS || seconds < 1) {
		fprintf(stderr, "race: -w 1 to %d, -n 1 to %d\n", MAX_WORKERS,
			MAX_THREADS);
		return 2;
	}
	sh->fsgsbase = getauxval(AT_HWCAP2) & HWCAP2_FSGSBASE;
	sh->native = has_native();
	sh->uffd = has_uffd();

	uname(&uts);
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("1..1\n# race: kernel %s, seed %#llx, %ld s, %d workers of %d threads\n",
	       uts.release, (unsigned long long)sh->seed, seconds, sh->workers,
	       sh->threads);
	return coordinate(seconds);
}
