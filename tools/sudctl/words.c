// SPDX-License-Identifier: GPL-2.0-only
/*
 * The words for what a thread is armed with: the ABI's own, without SUD_FLAG_.
 */
#include <stddef.h>
#include <stdio.h>

#include <sud.h>

#include "sudctl.h"
#include "words.h"

static const struct {
	uint32_t flag;
	const char *name;
} flags_known[] = {
	{ SUD_FLAG_AUTO_ALLOW, "auto-allow" },
	{ SUD_FLAG_SIGRETURN, "sigreturn" },
	{ SUD_FLAG_REGIONS, "regions" },
	{ SUD_FLAG_SELECTOR_FS, "selector-fs" },
	{ SUD_FLAG_INHERIT_THREAD, "inherit-thread" },
	{ SUD_FLAG_INHERIT_FORK, "inherit-fork" },
	{ SUD_FLAG_MAPPED, "mapped" },
	{ SUD_FLAG_SELECTOR_GS, "selector-gs" },
	{ SUD_FLAG_ENTRY_SYSCALL, "entry-syscall" },
	{ SUD_FLAG_ENTRY_INT80, "entry-int80" },
	{ SUD_FLAG_ENTRY_COMPAT, "entry-compat" },
};

const char *words_mode(uint32_t mode)
{
	switch (mode) {
	case SUD_MODE_OFF:
		return "off";
	case SUD_MODE_EXCLUSIVE:
		return "exclusive";
	case SUD_MODE_INCLUSIVE:
		return "inclusive";
	}
	return "unknown";
}

const char *words_delivery(uint32_t delivery)
{
	switch (delivery) {
	case SUD_DELIVER_SIGSYS:
		return "sigsys";
	case SUD_DELIVER_UPCALL:
		return "upcall";
	case SUD_DELIVER_NOTIFY:
		return "notify";
	}
	return "unknown";
}

const char *words_next_flag(uint32_t *flags)
{
	uint32_t lowest = *flags & -*flags;
	static char unknown[16];
	size_t i;

	if (!lowest)
		return NULL;
	*flags &= ~lowest;
	for (i = 0; i < ARRAY_SIZE(flags_known); i++)
		if (flags_known[i].flag == lowest)
			return flags_known[i].name;
	snprintf(unknown, sizeof(unknown), "%#x", lowest);
	return unknown;
}
