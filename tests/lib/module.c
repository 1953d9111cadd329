// SPDX-License-Identifier: GPL-2.0-only
#include "module.h"

#include <dirent.h>
#include <fcntl.h>

#include "backend.h"
#include "clock.h"
#include "files.h"
#include "harness.h"
#include "set_calls.h"

#define PARAMETERS "/sys/module/sud/parameters"

struct noted {
	bool loaded;
	char params[256];
};

static struct noted noted;

/* The parameters as "name=value ...", as insmod takes them. */
static struct noted note_now(void)
{
	struct noted now = { .loaded = !access("/sys/module/sud", F_OK) };
	DIR *dir = opendir(PARAMETERS);
	char path[sizeof(PARAMETERS) + 257], value[64];
	struct dirent *file;
	size_t len = 0;

	if (!dir)
		return now;
	while ((file = readdir(dir))) {
		if (file->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), PARAMETERS "/%s", file->d_name);
		if (!file_read(path, value, sizeof(value)))
			continue;
		len += snprintf(now.params + len, sizeof(now.params) - len,
				"%s=%s ", file->d_name, value);
		if (len >= sizeof(now.params))
			abort();
	}
	closedir(dir);
	return now;
}

void module_note(void)
{
	noted = note_now();
}

bool module_is_as_noted(void)
{
	struct noted now = note_now();

	return now.loaded == noted.loaded && !strcmp(now.params, noted.params);
}

bool module_load_with(const char *params)
{
	int fd = open("/lib/sud.ko", O_RDONLY | O_CLOEXEC);
	long err = syscall(SYS_finit_module, fd, params, 0);

	close(fd);
	return !err;
}

bool module_load(void)
{
	return module_load_with(noted.params);
}

bool module_unload(void)
{
	return !syscall(SYS_delete_module, "sud", O_NONBLOCK);
}

void module_reload(void)
{
	if (!module_unload())
		FAIL("unload: %s", strerror(errno));
	CHECK(access("/dev/sud", F_OK));
	CHECK(module_load());
	sud_fd = sud_open();
	CHECK_OK(sud_fd);
}

int module_refs(void)
{
	return number_in("/sys/module/sud/refcnt");
}

static int refs_wanted;

static bool refs_there(void)
{
	return module_refs() == refs_wanted;
}

void check_refs_within(int wanted, int ms)
{
	refs_wanted = wanted;
	if (!wait_until(refs_there, ms))
		FAIL("the module is held %d times, not %d", module_refs(),
		     wanted);
}

void check_refs(int wanted)
{
	check_refs_within(wanted, 20000);
}
