// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

#include "args.h"
#include "capture.h"

enum kind {
	NOTHING,
	INT,
	UNSIGNED,
	LONG,
	ULONG,
	OCTAL,
	HEX,
	POINTER,
	DIRFD,
	PATH,
	STRING,
	IN, /* as many bytes as the next argument says */
	OUT, /* as many as the result says */
	ARGV,
	ENVP,
	PAIR, /* two descriptors, which the call makes */
	STATUS, /* of a child */
};

struct prototype {
	const char *name;
	unsigned char count;
	unsigned char kinds[6];
};

#define CALL(nr, name, count, ...) [nr] = { #name, count, { __VA_ARGS__ } },
static const struct prototype prototypes[CALLS] = {
#include "calls.h"
};

struct symbol {
	uint64_t value;
	const char *name;
};

struct symbols {
	const struct symbol *list;
	bool flags;
};

/* Argument @arg of call @nr is of that set. */
struct use {
	unsigned short nr, arg, set;
};

/* Has the includes, too. */
#include "symbols.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The set of each argument, plus one. */
static unsigned char sets[CALLS][6];
static unsigned char name_sizes[CALLS];
/* What strerror() says, which looks for a translation each time. */
static const char *error_texts[COUNT(error_names)];
/* Characters that stand for themselves in a string. */
static bool plain[256];

static void prepare(void)
{
	static bool ready;
	size_t i;

	if (ready)
		return;
	ready = true;
	for (i = 0; i < COUNT(uses); i++)
		sets[uses[i].nr][uses[i].arg] = uses[i].set + 1;
	for (i = 0; i < CALLS; i++)
		if (prototypes[i].name)
			name_sizes[i] = strlen(prototypes[i].name);
	for (i = ' '; i < 127; i++)
		plain[i] = i != '"' && i != '\\';
}

static const char *error_text(int number)
{
	const char **known = &error_texts[number];

	if (!*known)
		*known = strdup(strerror(number));
	return *known ? *known : "?";
}

const char *call_name(unsigned int nr)
{
	return nr < CALLS ? prototypes[nr].name : NULL;
}

int call_number(const char *name)
{
	int nr;

	for (nr = 0; nr < CALLS; nr++)
		if (prototypes[nr].name && !strcmp(prototypes[nr].name, name))
			return nr;
	return -1;
}

bool call_takes_path(unsigned int nr)
{
	return nr < CALLS && memchr(prototypes[nr].kinds, PATH, 6);
}

void call_captures(unsigned int nr, struct call *call)
{
	static const unsigned char how[] = {
		[PATH] = CAPTURE_PATH,	    [STRING] = CAPTURE_STRING,
		[IN] = CAPTURE_IN,	    [OUT] = CAPTURE_OUT,
		[ARGV] = CAPTURE_ARGV,	    [ENVP] = CAPTURE_COUNT,
		[PAIR] = CAPTURE_FIXED_OUT, [STATUS] = CAPTURE_FIXED_OUT,
	};
	const struct prototype *p = &prototypes[nr];
	int arg, n = 0;

	for (arg = 0; arg < p->count && n < CAPTURES; arg++) {
		unsigned char kind = p->kinds[arg];

		if (kind >= sizeof(how) || !how[kind])
			continue;
		call->captures[n].kind = how[kind];
		call->captures[n].arg = arg;
		if (kind == PAIR)
			call->captures[n].size = 8;
		else if (kind == STATUS)
			call->captures[n].size = 4;
		else
			call->captures[n].size = arg + 1;
		n++;
	}
}

const char *error_name(int number)
{
	return number > 0 && (size_t)number < COUNT(error_names)
		       ? error_names[number]
		       : NULL;
}

int error_number(const char *name)
{
	size_t i;

	for (i = 1; i < COUNT(error_names); i++)
		if (error_names[i] && !strcmp(error_names[i], name))
			return i;
	return -1;
}

const char *signal_name(int number)
{
	const struct symbol *s;

	for (s = signal_symbols; s->name; s++)
		if (s->value == (uint64_t)number)
			return s->name;
	return NULL;
}

int signal_number(const char *name)
{
	const struct symbol *s;

	for (s = signal_symbols; s->name; s++)
		if (!strcmp(s->name, name) || !strcmp(s->name + 3, name))
			return s->value;
	return -1;
}

/* @digit: one follows, so that the number must have all its own. */
static void write_escaped(struct text *text, unsigned char c, bool digit)
{
	const char *at = c ? strchr("\nn\tt\rr\vv\ff\"\"\\\\", c) : NULL;

	text_char(text, '\\');
	if (at && (c == '"' || c == '\\' || c < ' ')) {
		text_char(text, at[1]);
		return;
	}
	if (digit || c >= 64)
		text_char(text, '0' + c / 64);
	if (digit || c >= 8)
		text_char(text, '0' + c / 8 % 8);
	text_char(text, '0' + c % 8);
}

void args_string(struct text *text, const char *string, size_t size)
{
	size_t i = 0;

	prepare();
	text_char(text, '"');
	while (i < size) {
		size_t from = i;

		while (i < size && plain[(unsigned char)string[i]])
			i++;
		if (i > from)
			text_bytes(text, string + from, i - from);
		if (i < size) {
			write_escaped(text, string[i],
				      i + 1 < size && string[i + 1] >= '0' &&
					      string[i + 1] <= '9');
			i++;
		}
	}
	text_char(text, '"');
}

static void write_symbols(struct text *text, const struct symbols *set,
			  uint64_t value)
{
	const struct symbol *s;
	bool any = false;

	/* Reading alone has no bit of its own. */
	if (set->list == open_symbols && !(value & O_ACCMODE)) {
		text_string(text, "O_RDONLY");
		if (!value)
			return;
		text_char(text, '|');
	}
	for (s = set->list; s->name; s++) {
		if (s->value == value) {
			text_string(text, s->name);
			return;
		}
	}
	if (!set->flags) {
		text_signed(text, (int)value);
		return;
	}
	/* Those of several bits first, as they have the bits of others; then in their order. */
	while (value) {
		const struct symbol *best = NULL;
		int bits, best_bits = 0;

		for (s = set->list; s->name; s++) {
			if (!s->value || (s->value & value) != s->value)
				continue;
			bits = __builtin_popcountl(s->value);
			if (!best || bits > best_bits ||
			    (bits == best_bits && s->value < best->value)) {
				best = s;
				best_bits = bits;
			}
		}
		if (!best)
			break;
		if (any)
			text_char(text, '|');
		any = true;
		text_string(text, best->name);
		value &= ~best->value;
	}
	if (value || !any) {
		if (any)
			text_char(text, '|');
		if (value)
			text_hex(text, value);
		else
			text_char(text, '0');
	}
}

static const struct captured *find_piece(const struct record *record,
					 unsigned int arg)
{
	const struct captured *piece = (const struct captured *)(record + 1);
	const char *end = (const char *)record + record->size;
	unsigned int i;

	for (i = 0; i < record->pieces; i++) {
		size_t left = end - (const char *)piece;

		/* The program could have written there. */
		if (left < sizeof(*piece) ||
		    left - sizeof(*piece) < piece->size)
			return NULL;
		if (piece->arg == arg)
			return piece;
		piece = captured_next(piece);
	}
	return NULL;
}

static void write_address(struct text *text, uint64_t value)
{
	if (value)
		text_hex(text, value);
	else
		text_string(text, "NULL");
}

static void write_array(struct text *text, const struct captured *piece)
{
	const char *at = (const char *)(piece + 1), *end = at + piece->size;
	bool first = true;

	text_char(text, '[');
	while (at < end) {
		size_t length = strnlen(at, end - at);

		if (!first)
			text_string(text, ", ");
		first = false;
		args_string(text, at, length);
		at += length + 1;
	}
	if (piece->flags & CAPTURED_MORE)
		text_string(text, ", ...");
	text_char(text, ']');
}

static void write_captured(struct text *text, const struct record *record,
			   unsigned int arg, unsigned char kind)
{
	const struct captured *piece = find_piece(record, arg);
	uint64_t value = record->args[arg];
	const int *numbers;

	if (!piece || (piece->flags & CAPTURED_FAULT && kind != ENVP)) {
		write_address(text, value);
		return;
	}
	numbers = (const int *)(piece + 1);
	switch (kind) {
	case ARGV:
		write_array(text, piece);
		return;
	case ENVP:
		text_hex(text, value);
		text_string(text, " /* ");
		text_unsigned(text, piece->whole);
		text_string(text, piece->whole == 1 ? " var */" : " vars */");
		return;
	case PAIR:
		if (piece->size != 8)
			break;
		text_char(text, '[');
		text_signed(text, numbers[0]);
		text_string(text, ", ");
		text_signed(text, numbers[1]);
		text_char(text, ']');
		return;
	case STATUS:
		if (piece->size != 4)
			break;
		/* Where no child was waited for, nothing was written. */
		if (record->result <= 0) {
			text_hex(text, value);
			return;
		}
		text_char(text, '[');
		text_hex(text, (unsigned int)numbers[0]);
		text_char(text, ']');
		return;
	default:
		args_string(text, (const char *)(piece + 1), piece->size);
		if (piece->flags & CAPTURED_MORE)
			text_string(text, "...");
		return;
	}
	text_hex(text, value);
}

static void write_argument(struct text *text, const struct record *record,
			   unsigned int arg)
{
	unsigned char kind = prototypes[record->nr].kinds[arg];
	uint64_t value = record->args[arg];

	if (sets[record->nr][arg]) {
		write_symbols(text, &symbol_sets[sets[record->nr][arg] - 1],
			      (uint32_t)value);
		return;
	}
	switch (kind) {
	case INT:
		text_signed(text, (int)value);
		break;
	case UNSIGNED:
		text_unsigned(text, (uint32_t)value);
		break;
	case LONG:
		text_signed(text, value);
		break;
	case ULONG:
		text_unsigned(text, value);
		break;
	case OCTAL:
		text_octal(text, (uint32_t)value);
		break;
	case HEX:
		text_hex(text, value);
		break;
	case POINTER:
		write_address(text, value);
		break;
	case DIRFD:
		if ((int)value == AT_FDCWD)
			text_string(text, "AT_FDCWD");
		else
			text_signed(text, (int)value);
		break;
	default:
		write_captured(text, record, arg, kind);
	}
}

/* The last one of these counts only with a flag that makes a file. */
static unsigned int count_of(const struct record *record)
{
	const struct prototype *p = &prototypes[record->nr];

	if (record->nr == SYS_open && !(record->args[1] & O_CREAT))
		return 2;
	if (record->nr == SYS_openat && !(record->args[2] & O_CREAT))
		return 3;
	return p->count;
}

void args_call(struct text *text, const struct record *record)
{
	unsigned int i, count = count_of(record);
	const char *name = call_name(record->nr);

	prepare();
	if (name) {
		text_bytes(text, name, name_sizes[record->nr]);
	} else {
		text_string(text, "syscall_");
		text_hex(text, record->nr);
		count = 6;
	}
	text_char(text, '(');
	for (i = 0; i < count; i++) {
		if (i)
			text_string(text, ", ");
		if (name)
			write_argument(text, record, i);
		else
			text_hex(text, record->args[i]);
	}
}

void args_result(struct text *text, const struct record *record)
{
	static const struct {
		int number;
		const char *text;
	} restarts[] = {
		{ 512, "? ERESTARTSYS (To be restarted if SA_RESTART is set)" },
		{ 513, "? ERESTARTNOINTR (To be restarted)" },
		{ 514, "? ERESTARTNOHAND (To be restarted if no handler)" },
		{ 516, "? ERESTART_RESTARTBLOCK (Interrupted by signal)" },
	};
	int64_t result = record->result;
	size_t i;

	if (!call_failed(result)) {
		switch (record->nr) {
		case SYS_mmap:
		case SYS_brk:
		case SYS_mremap:
		case SYS_shmat:
			text_hex(text, result);
			return;
		}
		text_signed(text, result);
		return;
	}
	for (i = 0; i < COUNT(restarts); i++) {
		if (-result == restarts[i].number) {
			text_string(text, restarts[i].text);
			return;
		}
	}
	text_string(text, "-1 ");
	if (error_name(-result)) {
		text_string(text, error_name(-result));
		text_string(text, " (");
		text_string(text, error_text(-result));
		text_char(text, ')');
	} else {
		text_string(text, "(errno ");
		text_unsigned(text, -result);
		text_char(text, ')');
	}
}

void args_code(struct text *text, int sig, int code)
{
	static const struct {
		int sig, code;
		const char *name;
	} codes[] = {
		/* Of every signal. */
		{ 0, SI_USER, "SI_USER" },
		{ 0, SI_QUEUE, "SI_QUEUE" },
		{ 0, SI_TIMER, "SI_TIMER" },
		{ 0, SI_MESGQ, "SI_MESGQ" },
		{ 0, SI_ASYNCIO, "SI_ASYNCIO" },
		{ 0, SI_SIGIO, "SI_SIGIO" },
		{ 0, SI_TKILL, "SI_TKILL" },
		{ 0, SI_KERNEL, "SI_KERNEL" },
		{ SIGSEGV, SEGV_MAPERR, "SEGV_MAPERR" },
		{ SIGSEGV, SEGV_ACCERR, "SEGV_ACCERR" },
		{ SIGBUS, BUS_ADRALN, "BUS_ADRALN" },
		{ SIGBUS, BUS_ADRERR, "BUS_ADRERR" },
		{ SIGFPE, FPE_INTDIV, "FPE_INTDIV" },
		{ SIGFPE, FPE_INTOVF, "FPE_INTOVF" },
		{ SIGILL, ILL_ILLOPN, "ILL_ILLOPN" },
		{ SIGCHLD, CLD_EXITED, "CLD_EXITED" },
		{ SIGCHLD, CLD_KILLED, "CLD_KILLED" },
		{ SIGCHLD, CLD_DUMPED, "CLD_DUMPED" },
		{ SIGCHLD, CLD_TRAPPED, "CLD_TRAPPED" },
		{ SIGCHLD, CLD_STOPPED, "CLD_STOPPED" },
		{ SIGCHLD, CLD_CONTINUED, "CLD_CONTINUED" },
		{ SIGTRAP, TRAP_BRKPT, "TRAP_BRKPT" },
		{ SIGTRAP, TRAP_TRACE, "TRAP_TRACE" },
		{ SIGSYS, 1, "SYS_SECCOMP" },
		{ SIGSYS, 2, "SYS_USER_DISPATCH" },
	};
	size_t i;

	for (i = 0; i < COUNT(codes); i++) {
		if (codes[i].code == code &&
		    (!codes[i].sig || codes[i].sig == sig)) {
			text_string(text, codes[i].name);
			return;
		}
	}
	text_signed(text, code);
}
