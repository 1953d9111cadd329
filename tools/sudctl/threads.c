// SPDX-License-Identifier: GPL-2.0-only
/*
 * The armed threads: read from the module, with what /proc says of them beside.
 */
#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "system.h"
#include "threads.h"
#include "words.h"

/* So many are asked for at once. */
#define ROOM 128

bool threads_read(struct threads *threads, int fd)
{
	struct sud_list_entry *more;
	uint64_t cursor = 0;
	__u64 next = 0;
	int got;

	do {
		more = realloc(threads->entries,
			       (threads->count + ROOM) * sizeof(*more));
		if (!more)
			return false;
		threads->entries = more;
		got = sud_list(fd, more + threads->count, ROOM, &next);
		if (got < 0)
			return false;
		threads->count += got;
		/* It only goes up: else the module would keep us here. */
		if (next && next <= cursor)
			break;
		cursor = next;
	} while (next);
	return true;
}

void threads_free(struct threads *threads)
{
	free(threads->entries);
	threads->entries = NULL;
	threads->count = 0;
}

/* It may have ended. */
static void command_of(const struct sud_list_entry *thread, char *name,
		       size_t size)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/task/%d/comm", thread->pid,
		 thread->tid);
	if (!system_line(path, name, size))
		snprintf(name, size, "?");
}

/* The number of the line "KEY:\tNUMBER" of a file. Return: false without one. */
static bool number_of(const char *path, const char *key, uint64_t *number)
{
	FILE *file = fopen(path, "re");
	size_t length = strlen(key);
	bool there = false;
	char line[128];

	if (!file)
		return false;
	while (!there && fgets(line, sizeof(line), file)) {
		there = !strncmp(line, key, length) && line[length] == ':';
		if (there)
			*number = strtoull(line + length + 1, NULL, 10);
	}
	fclose(file);
	return there;
}

/*
 * How many ranges a thread's set has: from a descriptor that has the set, when the
 * process keeps one open and the caller may look. Return: false, when it is not known.
 */
static bool ranges_of(const struct sud_list_entry *thread, uint64_t *ranges)
{
	struct dirent *entry;
	bool there = false;
	char folder[64];
	uint64_t set;
	DIR *dir;

	snprintf(folder, sizeof(folder), "/proc/%d/fdinfo", thread->pid);
	dir = opendir(folder);
	if (!dir)
		return false;
	while (!there && (entry = readdir(dir))) {
		char path[sizeof(folder) + sizeof(entry->d_name)];

		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		there = number_of(path, "sud-set", &set) &&
			set == thread->set &&
			number_of(path, "sud-ranges", ranges);
	}
	closedir(dir);
	return there;
}

static void print_ranges(const struct sud_list_entry *thread)
{
	const struct sud_config *config = &thread->config;
	uint64_t ranges;

	if (thread->set) {
		printf("set %llu", thread->set);
		if (ranges_of(thread, &ranges))
			printf(" of %llu range%s", (unsigned long long)ranges,
			       ranges == 1 ? "" : "s");
	} else if (config->len) {
		printf("%#llx-%#llx", config->offset,
		       config->offset + config->len);
	} else {
		putchar('-');
	}
}

static void print_flags(uint32_t flags)
{
	const char *name = words_next_flag(&flags);

	if (!name)
		putchar('-');
	while (name) {
		fputs(name, stdout);
		name = words_next_flag(&flags);
		if (name)
			putchar(',');
	}
}

static void print_thread(const struct sud_list_entry *thread)
{
	char name[64];

	command_of(thread, name, sizeof(name));
	system_tame(name);
	printf("%7d %7d  %-15s  %-9s  %-8s  ", thread->pid, thread->tid, name,
	       words_mode(thread->config.mode),
	       words_delivery(thread->config.delivery));
	print_ranges(thread);
	fputs("  ", stdout);
	print_flags(thread->config.flags);
	puts(thread->flags & SUD_TASK_32BIT ? "  (32-bit)" : "");
}

void threads_print(const struct threads *threads, uint64_t all)
{
	size_t i;

	if (!threads->count) {
		printf("\nno armed thread%s\n",
		       all ? " that you may see: root sees all" : "");
		return;
	}
	printf("\n%7s %7s  %-15s  %-9s  %-8s  %s  %s\n", "PID", "TID",
	       "COMMAND", "MODE", "DELIVERY", "RANGES", "FLAGS");
	for (i = 0; i < threads->count; i++)
		print_thread(&threads->entries[i]);
}

static void json_thread(const struct sud_list_entry *thread)
{
	const struct sud_config *config = &thread->config;
	uint32_t flags = config->flags;
	const char *name;
	char command[64];
	uint64_t ranges;

	command_of(thread, command, sizeof(command));
	json_begin(NULL, '{');
	json_number("pid", thread->pid);
	json_number("tid", thread->tid);
	json_string("command", command);
	json_bool("code_32bit", thread->flags & SUD_TASK_32BIT);
	json_string("mode", words_mode(config->mode));
	json_string("delivery", words_delivery(config->delivery));
	json_begin("flags", '[');
	while ((name = words_next_flag(&flags)))
		json_string(NULL, name);
	json_end(']');
	json_address("offset", config->offset);
	json_address("len", config->len);
	json_address("selector", config->selector);
	json_address("upcall_entry", config->upcall_entry);
	json_address("upcall_frame", config->upcall_frame);
	/* Of 64 bits, random, and no address: a string all the same, to be kept. */
	json_address("set", thread->set);
	if (thread->set && ranges_of(thread, &ranges))
		json_number("set_ranges", ranges);
	json_end('}');
}

void threads_json(const struct threads *threads)
{
	size_t i;

	json_begin("threads", '[');
	for (i = 0; i < threads->count; i++)
		json_thread(&threads->entries[i]);
	json_end(']');
}
