/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How much of a call's memory is captured, and how that is noted. For the handler, and for
 * sudctl where it captures in the handler's place: only the copying is not the same.
 */
#ifndef SUDCTL_TRACE_CAPTURE_H
#define SUDCTL_TRACE_CAPTURE_H

#include <stdbool.h>

#include "layout.h"

static inline bool call_failed(int64_t result)
{
	return (uint64_t)result >= (uint64_t)-4095;
}

struct extent {
	uint64_t whole; /* how much there is */
	uint64_t limit; /* how much of it is wanted */
	bool text; /* up to its zero byte, if that comes first */
};

/* Return: false when there is nothing to copy. Not for CAPTURE_ARGV and CAPTURE_COUNT. */
static inline bool capture_extent(const struct capture *what,
				  const uint64_t *args, int64_t result,
				  uint64_t string_size, struct extent *extent)
{
	uint64_t most = PIECE_MAX;

	extent->text = false;
	switch (what->kind) {
	case CAPTURE_PATH:
		extent->whole = PIECE_MAX;
		extent->text = true;
		break;
	case CAPTURE_STRING:
		extent->whole = string_size + 1;
		extent->text = true;
		break;
	case CAPTURE_IN:
		extent->whole = args[what->size];
		most = string_size;
		break;
	case CAPTURE_OUT:
		extent->whole = call_failed(result) ? 0 : result;
		most = string_size;
		break;
	case CAPTURE_FIXED_OUT:
		extent->whole = call_failed(result) ? 0 : what->size;
		break;
	default:
		return false;
	}
	if (most > PIECE_MAX)
		most = PIECE_MAX;
	extent->limit = extent->whole < most ? extent->whole : most;
	/* Nothing that was read or written is something to show, too. */
	return args[what->arg] &&
	       (extent->whole || what->kind == CAPTURE_IN ||
		(what->kind == CAPTURE_OUT && !call_failed(result)));
}

/* @got bytes have been copied behind @piece. Return: where the next piece goes. */
static inline struct captured *capture_note(struct captured *piece,
					    const struct capture *what,
					    const struct extent *extent,
					    uint64_t got)
{
	char *copy = (char *)(piece + 1);

	piece->arg = what->arg;
	piece->flags = 0;
	piece->size = got;
	piece->whole = extent->whole;
	if (extent->text && got && !copy[got - 1])
		piece->size = piece->whole = got - 1;
	else if (got < extent->limit)
		piece->flags = CAPTURED_FAULT;
	else if (extent->text || extent->limit < extent->whole)
		piece->flags = CAPTURED_MORE;
	return captured_next(piece);
}

#endif /* SUDCTL_TRACE_CAPTURE_H */
