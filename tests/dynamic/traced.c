// SPDX-License-Identifier: GPL-2.0-only
/*
 * A program that a tracer must not change: it prints what it finds of threads,
 * children, signals and a new image. One argument says of which.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define THREADS 12
#define ROUNDS 30

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static long total;

static void *read_zeroes(void *arg)
{
	char text[8];
	long n = 0;

	for (int i = 0; i < ROUNDS; i++) {
		int fd = open("/dev/zero", O_RDONLY);

		n += read(fd, text, sizeof(text));
		close(fd);
	}
	pthread_mutex_lock(&lock);
	total += n;
	pthread_mutex_unlock(&lock);
	return arg;
}

static void threads(void)
{
	pthread_t t[THREADS];

	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&t[i], NULL, read_zeroes, NULL))
			perror("pthread_create");
	for (int i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
	printf("%ld bytes\n", total);
}

static void children(void)
{
	extern char **environ;
	char *const argv[] = { "sh", "-c", "echo spawned; exit 3", NULL };
	char line[64] = "";
	int status = -1;
	pid_t pid;
	FILE *f;

	int err = posix_spawn(&pid, "/bin/sh", NULL, NULL, argv, environ);

	/* The child prints, too: one after the other. */
	waitpid(pid, &status, 0);
	printf("spawn %d\n", err);
	printf("status %#x\n", status);
	printf("none: %s\n", strerror(posix_spawn(&pid, "/no/such", NULL, NULL,
						  argv, environ)));
	fflush(stdout);
	printf("system %#x\n", system("echo in system; exit 4"));
	f = popen("echo in popen", "r");
	printf("%s", f && fgets(line, sizeof(line), f) ? line : "nothing\n");
	printf("pclose %d\n", pclose(f));
	fflush(stdout);
	pid = fork();
	if (!pid) {
		read_zeroes(NULL);
		_exit(total == ROUNDS * 8 ? 5 : 6);
	}
	waitpid(pid, &status, 0);
	printf("fork %#x\n", status);
	pid = vfork();
	if (!pid)
		_exit(7);
	waitpid(pid, &status, 0);
	printf("vfork %#x\n", status);
}

static volatile int got, last;

static void on_signal(int sig)
{
	got++;
	last = sig;
}

static void signals(void)
{
	struct sigaction sa = { .sa_handler = on_signal };
	sigset_t set, now;

	sigfillset(&sa.sa_mask);
	sigaction(SIGUSR1, &sa, NULL);
	sigaction(SIGALRM, &sa, NULL);
	printf("raise %d", raise(SIGUSR1));
	printf(": %d\n", got);
	printf("kill %d", kill(getpid(), SIGUSR1));
	printf(": %d\n", got);
	sigfillset(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
	raise(SIGUSR1);
	sigprocmask(SIG_BLOCK, NULL, &now);
	printf("blocked: %d, still %d\n", sigismember(&now, SIGUSR1), got);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	printf("unblocked: %d\n", got);
	alarm(1);
	pause();
	printf("by signal %d: %s\n", last, strerror(errno));
	signal(SIGSYS, SIG_IGN);
	printf("SIGSYS ignored: %d\n", getppid() > 0);
}

static void descriptors(void)
{
	struct rlimit limit = { 64, 64 };
	int n = 0;

	setrlimit(RLIMIT_NOFILE, &limit);
	for (int fd = 3; fd < 2000; fd++)
		n += !close(fd);
	printf("%d closed\n", n);
	printf("next %d\n", open("/dev/null", O_RDONLY));
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!strcmp(what, "threads")) {
		threads();
	} else if (!strcmp(what, "children")) {
		children();
	} else if (!strcmp(what, "signals")) {
		signals();
	} else if (!strcmp(what, "descriptors")) {
		descriptors();
	} else if (!strcmp(what, "exec")) {
		execl("/no/such", "such", NULL);
		printf("exec: %s\n", strerror(errno));
		execl(argv[0], argv[0], "threads", NULL);
	} else if (!strcmp(what, "abort")) {
		abort();
	} else {
		return 2;
	}
	return 9;
}
