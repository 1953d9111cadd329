// SPDX-License-Identifier: GPL-2.0-only
#include "new_image.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include <sud.h>

#include "sites.h"

char *new_image_args[] = { "image", NULL };
char *new_image_env[] = { "SUD_TEST_IMAGE=1", NULL };

__attribute__((constructor)) static void new_image(void)
{
	struct sud_config c;

	if (!getenv("SUD_TEST_IMAGE"))
		return;
	if (sud_get(sud_open(), &c) || c.mode != SUD_MODE_OFF)
		_exit(NEW_IMAGE_ARMED);
	if (site_a(MAGIC_NR, 0, 0, 0) != -ENOSYS)
		_exit(NEW_IMAGE_DISPATCHED);
	_exit(NEW_IMAGE_OFF);
}

void new_image_exec(void)
{
	execve("/proc/self/exe", new_image_args, new_image_env);
	_exit(NEW_IMAGE_NONE);
}
