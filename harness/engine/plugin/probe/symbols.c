// SPDX-License-Identifier: GPL-2.0-only
/* The kernel's functions by address, and what is special about a few of them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/plugin/probe/probe.h"

#define HASH_SIZE (FUNCS_MAX * 2)
#define NAME_LEN  160

struct symbol {
	uint64_t at;
	uint32_t func;
	bool entry;
};

struct func *funcs;
unsigned int nr_funcs;
static struct symbol *symbols;
static size_t nr_symbols, cap_symbols;
static uint32_t *by_name; /* index + 1 */

static const struct {
	const char *name;
	enum context context;
} roots[] = {
	{"balance_pgdat", CTX_KSWAPD},
	{"try_to_free_pages", CTX_DIRECT},
	{"try_to_free_mem_cgroup_pages", CTX_LIMIT},
	{"memory_reclaim", CTX_PROACTIVE},
	{"user_proactive_reclaim", CTX_PROACTIVE},
	{"node_reclaim", CTX_NODE},
	{"__node_reclaim", CTX_NODE},
	{"kcompactd_do_work", CTX_COMPACT},
	{"try_to_compact_pages", CTX_COMPACT},
	{"compact_node", CTX_COMPACT},
	{"compact_zone", CTX_COMPACT},
};

/* By the beginning of the name; the first that fits. */
static const struct {
	const char *prefix;
	enum role role;
} roles[] = {
	{"__x86_", ROLE_THUNK},
	{"its_", ROLE_THUNK},
	{"srso_", ROLE_THUNK},
	{"retbleed_", ROLE_THUNK},
	{"call_depth_return_thunk", ROLE_THUNK},
	{"__SCT__", ROLE_THUNK},
	{"__fentry__", ROLE_THUNK},
	{"asm_sysvec_", ROLE_INTERRUPT},
	{"asm_common_interrupt", ROLE_INTERRUPT},
	{"asm_spurious_interrupt", ROLE_INTERRUPT},
	{"asm_exc_nmi", ROLE_INTERRUPT},
	{"irq_entries_start", ROLE_INTERRUPT},
	{"spurious_entries_start", ROLE_INTERRUPT},
	{"asm_exc_", ROLE_EXCEPTION},
	{"early_idt_handler_array", ROLE_EXCEPTION},
};

static void set_role(struct func *f)
{
	size_t i;

	for (i = 0; i < sizeof(roots) / sizeof(roots[0]); i++)
		if (!strcmp(f->name, roots[i].name)) {
			f->role = ROLE_ROOT;
			f->root = roots[i].context;
			return;
		}
	for (i = 0; i < sizeof(roles) / sizeof(roles[0]); i++)
		if (!strncmp(f->name, roles[i].prefix, strlen(roles[i].prefix))) {
			f->role = roles[i].role;
			return;
		}
	if (!strcmp(f->name, "__switch_to"))
		f->role = ROLE_SWITCH;
}

static uint32_t hash(const char *s)
{
	uint32_t h = 2166136261u;

	while (*s)
		h = (h ^ (uint8_t)*s++) * 16777619u;
	return h % HASH_SIZE;
}

/* FUNC_UNKNOWN when there are too many. */
static unsigned int intern(const char *name)
{
	uint32_t h = hash(name);

	for (; by_name[h]; h = (h + 1) % HASH_SIZE)
		if (!strcmp(funcs[by_name[h] - 1].name, name))
			return by_name[h] - 1;
	if (nr_funcs == FUNCS_MAX)
		return FUNC_UNKNOWN;
	funcs[nr_funcs].name = strdup(name);
	if (!funcs[nr_funcs].name)
		return FUNC_UNKNOWN;
	set_role(&funcs[nr_funcs]);
	by_name[h] = ++nr_funcs;
	return nr_funcs - 1;
}

static bool add_symbol(uint64_t at, char kind, const char *name)
{
	if (nr_symbols && at <= symbols[nr_symbols - 1].at)
		return false;
	if (nr_symbols == cap_symbols) {
		cap_symbols = cap_symbols ? 2 * cap_symbols : 65536;
		symbols = realloc(symbols, cap_symbols * sizeof(*symbols));
		if (!symbols)
			return false;
	}
	symbols[nr_symbols++] = (struct symbol){at, intern(name), kind == 'e'};
	return true;
}

static bool read_symbols(FILE *f)
{
	char line[256], name[NAME_LEN], kind;
	unsigned long long at;

	if (!fgets(line, sizeof(line), f) || strcmp(line, "wringer symbols 1\n"))
		return false;
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "%llx %c %159s", &at, &kind, name) != 3 ||
		    !add_symbol(at, kind, name))
			return false;
	return nr_symbols;
}

bool symbols_load(const char *path)
{
	FILE *f = fopen(path, "r");
	bool good;

	funcs = calloc(FUNCS_MAX, sizeof(*funcs));
	by_name = calloc(HASH_SIZE, sizeof(*by_name));
	good = f && funcs && by_name;
	if (good)
		good = intern("(program)") == FUNC_USER && intern("(unknown)") == FUNC_UNKNOWN &&
		       read_symbols(f);
	if (f)
		fclose(f);
	if (!good)
		fprintf(stderr, "probe.so: %s is no table of symbols\n", path);
	return good;
}

unsigned int symbols_find(uint64_t at, bool *entry)
{
	size_t low = 0, high = nr_symbols;

	*entry = false;
	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (symbols[mid].at <= at)
			low = mid + 1;
		else
			high = mid;
	}
	if (!low)
		return FUNC_UNKNOWN;
	*entry = symbols[low - 1].entry && symbols[low - 1].at == at;
	return symbols[low - 1].func;
}
