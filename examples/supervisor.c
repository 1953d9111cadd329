// SPDX-License-Identifier: GPL-2.0-only
/*
 * A supervisor: it runs a program of another system, and answers all its system calls
 * from a process of its own. The program's signals, stack and memory are its own: here
 * it has all signals blocked, which rules out a handler of SIGSYS.
 *
 *	supervisor DIRECTORY PROGRAM [ARGUMENT]...
 *
 * The system has open, read, write, close and exit, by numbers and flags of its own; an
 * error is told by the carry flag, and its number is in rax. The x86-64 of macOS does it
 * so. To the program, DIRECTORY is all files that there are.
 *
 * Without arguments, it runs supervised.c in a new directory and looks at what it did.
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <linux/audit.h>
#include <linux/openat2.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <libsud.h>
#include <sud.h>

#define CALL_EXIT 0x2000001
#define CALL_READ 0x2000003
#define CALL_WRITE 0x2000004
#define CALL_OPEN 0x2000005
#define CALL_CLOSE 0x2000006

/* Its low bits are as Linux's: to read, to write, or both. */
#define OPEN_CREATE 0x200
#define OPEN_TRUNCATE 0x400

#define CARRY 1ULL

#define FILES 16

/**
 * struct guest - the program
 * @listener: by which its calls come
 * @root: the directory
 * @files: its descriptors: each is one of ours, or -1
 * @calls: how many have been answered
 */
struct guest {
	int listener;
	int root;
	int files[FILES];
	int calls;
};

/* The functions below return a result, or an error of Linux's as a negative number. */

static int *file_of(struct guest *guest, uint64_t number)
{
	static int none = -1;

	return number < FILES ? &guest->files[number] : &none;
}

static long do_open(struct guest *guest, const struct sud_notification *call)
{
	struct open_how how = {
		.flags = O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
		/* Neither "..", nor links, nor /proc lead out of it. */
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	char path[PATH_MAX];
	int number = 0, file;

	/* Read once: it can change under our eyes. */
	if (sud_listener_read_string(guest->listener, call, call->regs.di, path,
				     sizeof(path)) < 0)
		return -errno;
	while (number < FILES && guest->files[number] >= 0)
		number++;
	if (number == FILES)
		return -EMFILE;
	how.flags |= call->regs.si & O_ACCMODE;
	if (call->regs.si & OPEN_TRUNCATE)
		how.flags |= O_TRUNC;
	if (call->regs.si & OPEN_CREATE) {
		how.flags |= O_CREAT;
		how.mode = call->regs.dx & 0777;
	}
	file = syscall(SYS_openat2, guest->root, path, &how, sizeof(how));
	if (file < 0)
		return -errno;
	guest->files[number] = file;
	return number;
}

static long do_close(struct guest *guest, const struct sud_notification *call)
{
	int *file = file_of(guest, call->regs.di);

	if (*file < 0)
		return -EBADF;
	/* 0, 1 and 2 are ours, too. */
	if (*file > 2)
		close(*file);
	*file = -1;
	return 0;
}

/* Less than was asked for is a result, too: so a buffer of any size will do. */
static char buffer[4096];

static size_t size_of(const struct sud_notification *call)
{
	return call->regs.dx < sizeof(buffer) ? call->regs.dx : sizeof(buffer);
}

static long do_read(struct guest *guest, const struct sud_notification *call)
{
	ssize_t got =
		read(*file_of(guest, call->regs.di), buffer, size_of(call));

	if (got < 0 || sud_listener_write(guest->listener, call, call->regs.si,
					  buffer, got))
		return -errno;
	return got;
}

static long do_write(struct guest *guest, const struct sud_notification *call)
{
	size_t size = size_of(call);
	ssize_t put;

	if (sud_listener_read(guest->listener, call, call->regs.si, buffer,
			      size))
		return -errno;
	put = write(*file_of(guest, call->regs.di), buffer, size);
	return put < 0 ? -errno : put;
}

/* The system's numbers, where they are not Linux's. */
static int error_of(int error)
{
	switch (error) {
	case EAGAIN:
		return 35;
	case ELOOP:
		return 62;
	case ENAMETOOLONG:
		return 63;
	case ENOSYS:
		return 78;
	}
	return error < 35 ? error : EIO;
}

static long result_of(struct guest *guest, const struct sud_notification *call)
{
	/* Not by int $0x80, nor from code of 32 bits: their arguments are elsewhere. */
	if (call->arch != AUDIT_ARCH_X86_64)
		return -ENOSYS;
	switch (call->nr) {
	case CALL_OPEN:
		return do_open(guest, call);
	case CALL_CLOSE:
		return do_close(guest, call);
	case CALL_READ:
		return do_read(guest, call);
	case CALL_WRITE:
		return do_write(guest, call);
	}
	return -ENOSYS;
}

static void handle(void *arg, const struct sud_notification *call,
		   struct sud_answer *answer)
{
	struct guest *guest = arg;
	long result;

	guest->calls++;
	answer->flags = SUD_ANSWER_REGS;
	if (call->arch == AUDIT_ARCH_X86_64 && call->nr == CALL_EXIT) {
		/* The argument is in the same register. */
		answer->flags |= SUD_ANSWER_RUN;
		answer->regs.ax = SYS_exit_group;
		return;
	}
	result = result_of(guest, call);
	answer->regs.flags &= ~CARRY;
	answer->regs.ax = result;
	if (result < 0) {
		answer->regs.flags |= CARRY;
		answer->regs.ax = error_of(-result);
	}
}

/* It begins with all signals blocked. Return: its number, or -1. */
static pid_t start(int device, char **argv)
{
	sigset_t all, old;
	pid_t pid;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &old);
	pid = sud_listener_spawn(device, NULL, argv);
	sigprocmask(SIG_SETMASK, &old, NULL);
	return pid;
}

/* Return: the program's wait status, or -1. */
static int run(struct guest *guest, const char *directory, char **argv)
{
	int device = sud_open(), status = -1;
	pid_t pid;

	/* A call that has been taken is not restarted, or it would be done twice. */
	guest->listener = device < 0 ? -1
				     : sud_listen(device, SUD_LISTEN_KILLABLE);
	if (guest->listener < 0) {
		perror(SUD_DEVICE);
		return -1;
	}
	guest->root = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (guest->root < 0) {
		perror(directory);
		return -1;
	}
	for (int i = 0; i < FILES; i++)
		guest->files[i] = i <= 2 ? i : -1;
	pid = start(device, argv);
	if (pid < 0) {
		perror(argv[0]);
		return -1;
	}
	/* Only the program has it now: so the loop ends when the program does. */
	close(device);
	/* It would end by this one, if it were not blocked. */
	kill(pid, SIGTERM);
	if (sud_listener_run(guest->listener, handle, guest))
		perror("sud_listener_run");
	close(guest->listener);
	waitpid(pid, &status, 0);
	return status;
}

static const char greeting[] = "hello from another system\n";

/* The file holds the greeting. */
static int is_copy(const char *path)
{
	char text[sizeof(greeting)] = "";
	int file = open(path, O_RDONLY);
	ssize_t got = read(file, text, sizeof(text));

	close(file);
	return got == sizeof(greeting) - 1 && !strcmp(text, greeting);
}

static int demonstrate(void)
{
	char directory[] = "/tmp/supervisor-XXXXXX", program[PATH_MAX] = "";
	char *argv[] = { program, NULL };
	struct guest guest = { .calls = 0 };
	char from[64], to[64], self[PATH_MAX] = "";
	int file, status, good;

	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0 ||
	    !mkdtemp(directory))
		return 1;
	snprintf(program, sizeof(program), "%s/supervised", dirname(self));
	snprintf(from, sizeof(from), "%s/greeting", directory);
	snprintf(to, sizeof(to), "%s/copy", directory);
	file = open(from, O_WRONLY | O_CREAT | O_EXCL, 0600);
	if (write(file, greeting, strlen(greeting)) < 0)
		perror(from);
	close(file);

	status = run(&guest, directory, argv);
	good = status == 0 && is_copy(to);
	printf("%d calls of another system were answered from here; its copy is right: %s\n",
	       guest.calls, good ? "yes" : "no");
	if (status)
		printf("it ended with the wait status %#x\n", status);
	unlink(to);
	unlink(from);
	rmdir(directory);
	return !good;
}

int main(int argc, char **argv)
{
	struct guest guest = { .calls = 0 };
	int status;

	if (argc == 1)
		return demonstrate();
	if (argc == 2) {
		fprintf(stderr,
			"usage: supervisor [DIRECTORY PROGRAM [ARGUMENT]...]\n");
		return 2;
	}
	status = run(&guest, argv[1], argv + 2);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
