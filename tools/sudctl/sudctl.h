/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the commands of sudctl share. Each command is a file (or a folder) of its own
 * with one way in, COMMAND_main(), which gets the command's name as argv[0].
 */
#ifndef SUDCTL_H
#define SUDCTL_H

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

/* Exit status of a command that was used wrongly. */
#define SUDCTL_USAGE 2

/**
 * struct command - one command of sudctl
 * @name: what the user types
 * @summary: what it does, in a few words
 * @run: its way in; "COMMAND --help" prints the command's own help, and exits with 0
 */
struct command {
	const char *name;
	const char *summary;
	int (*run)(int argc, char **argv);
};

int status_main(int argc, char **argv);
int doctor_main(int argc, char **argv);
int trace_main(int argc, char **argv);
int inject_main(int argc, char **argv);

/* Prints one line, "sudctl: ...", to stderr. */
void sudctl_error(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

/* The same, and where help is. Return: SUDCTL_USAGE. */
int sudctl_usage(const char *command, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif /* SUDCTL_H */
