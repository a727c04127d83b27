// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/parse.h"
#include "base/path.h"
#include "engine/template.h"
#include "engine/uml.h"
#include "experiment/catalogue.h"
#include "experiment/experiment.h"
#include "experiment/objects.h"
#include "experiment/plan_policy.h"
#include "experiment/program.h"
#include "image/modules.h"
#include "layer/layer.h"
#include "result/store.h"
#include "workloads/lib/program.h"

/* In one image. */
#define LAYERS_MAX 4

/* Everything that has been loaded while planning. */
struct planner {
	struct kernel *kernel;
	struct guest *guest;
	struct policy *policy;
	struct scenario *scenario;
	enum engine engine[ENGINE_NR];
	size_t nr_kernels, nr_guests, nr_policies, nr_scenarios, nr_engines;
	size_t *own_guest; /* of each scenario, when the user named none; NULL: each with each */
	char agent[SHA256_HEX], workload[SHA256_HEX], plugin[SHA256_HEX]; /* our own programs */
	char cpu[SHA256_HEX]; /* ENGINE_UML: the host's processor */
	void (*say)(const char *line);
	struct experiments *out;
};

static char default_guest[] = "two";

/* "guests/two.conf" for "two"; a name with a slash is a path already. */
static char *guest_path(const char *name)
{
	return strchr(name, '/') ? xstrdup(name) :
				   xasprintf("%s/guests/%s.conf", path_data(), name);
}

static int check_there(const char *what, const char *folder, const char *name, const char *path,
		       struct err *err)
{
	if (file_exists(path))
		return 0;
	if (strchr(name, '/'))
		return err_set(err, -ENOENT, "there is no %s file %s", what, path);
	return err_set(err, -ENOENT, "there is no %s '%s' ('wringer show %s' lists them)", what,
		       name, folder);
}

#define DEFINE_LOAD_ALL(type, plural, folder)                                                      \
	static int load_##plural(struct planner *p, char *const *names, struct err *err)          \
	{                                                                                          \
		size_t n;                                                                          \
		int ret = 0;                                                                       \
                                                                                                   \
		for (n = 0; names[n]; n++)                                                         \
			;                                                                          \
		p->type = xcalloc(n, sizeof(*p->type));                                            \
		for (n = 0; !ret && names[n]; n++) {                                               \
			cleanup_free char *path = type##_path(names[n]);                     \
                                                                                                   \
			ret = check_there(#type, folder, names[n], path, err);                     \
			if (!ret)                                                                  \
				ret = type##_load(&p->type[p->nr_##plural], path, err);            \
			if (!ret)                                                                  \
				p->nr_##plural++;                                                  \
		}                                                                                  \
		return ret;                                                                        \
	}

DEFINE_LOAD_ALL(guest, guests, "guests")
DEFINE_LOAD_ALL(policy, policies, "policies")

static int load_scenarios(struct planner *p, char *const *words, struct err *err)
{
	size_t n;
	int ret = 0;

	for (n = 0; words[n]; n++)
		;
	p->scenario = xcalloc(n, sizeof(*p->scenario));
	for (n = 0; !ret && words[n]; n++) {
		ret = catalogue_load(words[n], &p->scenario[n], err);
		if (!ret)
			p->nr_scenarios++;
	}
	return ret;
}

static size_t find_word(char *const *words, size_t nr, const char *word)
{
	size_t i;

	for (i = 0; i < nr && strcmp(words[i], word); i++)
		;
	return i;
}

/* The guests that the scenarios are made for, each once. */
static int load_own_guests(struct planner *p, struct err *err)
{
	cleanup_free char **names = xcalloc(p->nr_scenarios + 1, sizeof(*names));
	size_t nr = 0, i;

	p->own_guest = xcalloc(p->nr_scenarios, sizeof(*p->own_guest));
	for (i = 0; i < p->nr_scenarios; i++) {
		char *name = p->scenario[i].guest;
		size_t at = find_word(names, nr, *name ? name : default_guest);

		if (at == nr)
			names[nr++] = *name ? name : default_guest;
		p->own_guest[i] = at;
	}
	return load_guests(p, names, err);
}

static int load_kernels(struct planner *p, char *const *names, struct err *err)
{
	size_t n;
	int ret = 0;

	for (n = 0; names[n]; n++)
		;
	p->kernel = xcalloc(n, sizeof(*p->kernel));
	for (n = 0; !ret && names[n]; n++) {
		ret = kernel_resolve(names[n], p->say, &p->kernel[p->nr_kernels], err);
		if (!ret)
			p->nr_kernels++;
	}
	return ret;
}

static bool has_engine(const struct planner *p, enum engine engine)
{
	size_t i;

	for (i = 0; i < p->nr_engines; i++)
		if (p->engine[i] == engine)
			return true;
	return false;
}

static int load_engines(struct planner *p, char *const *names, struct err *err)
{
	size_t n;

	if (!names)
		p->engine[p->nr_engines++] = ENGINE_EXACT;
	for (n = 0; names && names[n]; n++) {
		enum engine engine = engine_find(names[n]);

		if (engine == ENGINE_NR)
			return err_set(err, -ENOENT,
				       "there is no engine '%s': exact, kvm, fast or uml", names[n]);
		if (!has_engine(p, engine))
			p->engine[p->nr_engines++] = engine;
	}
	return 0;
}

static int probe_engines(struct planner *p, struct err *err)
{
	bool uml = has_engine(p, ENGINE_UML);
	int ret = uml ? uml_cpu(p->cpu, err) : 0;

	return ret || p->nr_engines == uml ? ret : qemu_probe(&p->out->qemu, err);
}

static void planner_release(struct planner *p)
{
	while (p->nr_kernels)
		kernel_release(&p->kernel[--p->nr_kernels]);
	while (p->nr_guests)
		guest_release(&p->guest[--p->nr_guests]);
	while (p->nr_policies)
		policy_release(&p->policy[--p->nr_policies]);
	while (p->nr_scenarios)
		scenario_release(&p->scenario[--p->nr_scenarios]);
	free(p->kernel);
	free(p->guest);
	free(p->policy);
	free(p->scenario);
	free(p->own_guest);
}

static json_t *json_conf(const struct conf *conf)
{
	json_t *out = json_object();
	size_t i, k;

	for (i = 0; i < conf->nr_sections; i++) {
		const struct conf_section *sec = &conf->section[i];
		cleanup_free char *name = xasprintf("%s%s%s", sec->name, *sec->arg ? " " : "",
						    sec->arg);
		json_t *entries = json_object();

		for (k = 0; k < sec->nr_entries; k++)
			json_object_set_new(entries, sec->entry[k].key,
					    json_string(sec->entry[k].value));
		json_object_set_new(out, name, entries);
	}
	return out;
}

static json_t *json_key(const struct conf_key *key, const struct storage *s)
{
	const void *field = (const char *)s + key->offset;

	return key->type == CONF_CHOICE ?
		       json_string(key->choices[*(const unsigned int *)field]) :
		       json_integer((json_int_t) * (const uint64_t *)field);
}

static json_t *json_storage(const struct storage *s)
{
	json_t *out = json_pack("{s:s, s:s}", "name", s->name, "model", s->model->name);
	const struct conf_key *key;
	size_t next = 0;

	while ((key = storage_key(s, &next))) {
		cleanup_free char *name =
			xasprintf("%s%s", key->name, key->type == CONF_TIME ? "_ns" : "");

		json_object_set_new(out, name, json_key(key, s));
	}
	return out;
}

static json_t *json_swaps(const struct storage_set *set)
{
	json_t *out = json_array();
	unsigned int i;

	for (i = 0; i < set->nr_swaps; i++)
		json_array_append_new(out, json_storage(&set->swap[i]));
	return out;
}

/* Keys of what few guests have are there only where it is. */
static json_t *json_node(const struct guest *g, const struct machine *m, unsigned int i)
{
	const struct machine_node *n = &m->node[i];
	json_t *row = json_array(), *node;
	unsigned int j;

	for (j = 0; j < m->nr_nodes; j++)
		json_array_append_new(row, json_integer(m->distance[i][j]));
	node = json_pack("{s:I, s:I, s:i, s:o}", "memory",
			 (json_int_t)g->machine.node[i].memory, "memory_with_stores",
			 (json_int_t)n->memory, "cpus", (int)n->cpus, "distance", row);
	if (n->movable)
		json_object_set_new(node, "movable", json_true());
	if (n->latency_ns) {
		json_object_set_new(node, "latency_ns", json_integer((json_int_t)n->latency_ns));
		json_object_set_new(node, "bandwidth", json_integer((json_int_t)n->bandwidth));
		json_object_set_new(node, "initiator", json_integer(n->initiator));
	}
	return node;
}

static json_t *json_guest(const struct guest *g, const struct machine *m)
{
	json_t *nodes = json_array();
	unsigned int i;

	for (i = 0; i < m->nr_nodes; i++)
		json_array_append_new(nodes, json_node(g, m, i));
	return json_pack("{s:s, s:o, s:I, s:o, s:o}", "name", g->name, "nodes", nodes, "records",
			 (json_int_t)m->records, "swap", json_swaps(&g->storage), "data",
			 json_storage(&g->storage.data));
}

static json_t *json_strings(char *const *strings)
{
	json_t *out = json_array();

	for (; *strings; strings++)
		json_array_append_new(out, json_string(*strings));
	return out;
}

static json_t *json_engine(const struct planner *p, enum engine engine, const struct args *args)
{
	const struct qemu *q = &p->out->qemu;
	json_t *line = json_strings(args->arg);

	if (engine == ENGINE_UML)
		return json_pack("{s:s, s:s, s:o, s:o}", "name", engine_name(engine),
				 "processor_sha256", p->cpu, "lacks",
				 json_strings((char *const *)uml_lacks), "args", line);
	return json_pack("{s:s, s:s, s:s, s:s, s:o}", "name", engine_name(engine), "qemu",
			 q->version, "qemu_sha256", q->sha256, "firmware_sha256", q->firmware,
			 "args", line);
}

/* Our own programs; one in the emulator only where it makes the run exact. */
static json_t *json_programs(const struct planner *p, enum engine engine)
{
	json_t *out = json_pack("{s:s, s:s}", "agent", p->agent, "workload", p->workload);

	if (engine == ENGINE_EXACT)
		json_object_set_new(out, "plugin", json_string(p->plugin));
	return out;
}

/* Layers are there where a scenario has programs. */
static json_t *json_image(const struct image *image, json_t *layers)
{
	json_t *modules = json_array(), *out;
	size_t i;

	for (i = 0; image->modules[i]; i++)
		json_array_append_new(modules, json_string(image->modules[i]));
	out = json_pack("{s:s, s:o}", "id", image->id, "modules", modules);
	if (json_array_size(layers))
		json_object_set(out, "layers", layers);
	return out;
}

/* A combination of axes; what is common to its seeds. */
struct cell {
	enum engine engine;
	const struct kernel *kernel;
	const struct guest *guest;
	const struct policy *policy;
	const struct scenario *scenario;
	struct image image;
	json_t *layers; /* of the image: what layer_open() says about each */
	char objects[SHA256_HEX], *objects_file; /* of the policy; NULL: it has none */
	struct machine machine;
	struct args args;
	struct buf params; /* of drivers that are built in */
	struct buf setup;
};

/* Where a file lies on this host is no part of the spec; what it holds is. */
static void put_content(json_t *conf, const char *kind, const char *name, const struct buf *data)
{
	cleanup_free char *key = xasprintf("%s %s", kind, name);
	json_t *section = json_object_get(conf, key);
	char hex[SHA256_HEX];

	sha256_buf(buf_str(data), data->len, hex);
	json_object_del(section, "path");
	json_object_set_new(section, "sha256", json_string(hex));
}

static json_t *json_scenario(const struct scenario *s)
{
	json_t *out = json_conf(&s->conf);
	size_t i;

	for (i = 0; i < s->nr_modules; i++)
		put_content(out, "module", s->module[i].name, &s->module[i].data);
	for (i = 0; i < s->nr_inputs; i++)
		put_content(out, "input", s->input[i].name, &s->input[i].data);
	return out;
}

/* Which objects, and all of them as the guest gets them. */
static json_t *json_policy(const struct cell *c)
{
	json_t *out = json_pack("{s:s, s:o}", "name", c->policy->name, "conf",
				json_conf(&c->policy->conf));

	if (c->objects_file)
		json_object_set_new(out, "objects", json_string(c->objects));
	return out;
}

static json_t *make_spec(const struct planner *p, const struct cell *c, const char *plan,
			 uint64_t seed)
{
	json_t *spec = json_object();

	json_object_set_new(spec, "schema", json_integer(SPEC_SCHEMA));
	json_object_set_new(spec, "engine", json_engine(p, c->engine, &c->args));
	json_object_set_new(spec, "kernel",
			    json_pack("{s:s, s:s, s:s, s:s, s:o}", "id", c->kernel->id, "version",
				      c->kernel->version, "package", c->kernel->package, "release",
				      c->kernel->release, "config", kernel_config(c->kernel)));
	json_object_set_new(spec, "image", json_image(&c->image, c->layers));
	json_object_set_new(spec, "programs", json_programs(p, c->engine));
	json_object_set_new(spec, "guest", json_guest(c->guest, &c->machine));
	json_object_set_new(spec, "policy", json_policy(c));
	json_object_set_new(spec, "scenario",
			    json_pack("{s:s, s:o}", "name", c->scenario->name, "conf",
				      json_scenario(c->scenario)));
	json_object_set_new(spec, "setup", json_string(buf_str(&c->setup)));
	json_object_set_new(spec, "plan", json_string(plan));
	json_object_set_new(spec, "seed", json_integer((json_int_t)seed));
	return spec;
}

static const char *spec_str(const json_t *spec, const char *object, const char *key)
{
	const char *s = json_string_value(json_object_get(json_object_get(spec, object), key));

	return s ? s : "";
}

json_t *experiment_template(const struct experiment *exp, char title[80])
{
	const json_t *spec = exp->spec;

	snprintf(title, 80, "%.40s, guest %.30s", spec_str(spec, "kernel", "version"),
		 spec_str(spec, "guest", "name"));
	return json_pack("{s:i, s:s, s:s, s:O, s:s, s:s, s:s, s:s}", "format", TEMPLATE_FORMAT,
			 "qemu", spec_str(spec, "engine", "qemu_sha256"), "firmware",
			 spec_str(spec, "engine", "firmware_sha256"), "args",
			 json_object_get(json_object_get(spec, "engine"), "args"), "plugin",
			 spec_str(spec, "programs", "plugin"), "kernel",
			 spec_str(spec, "kernel", "id"), "image", spec_str(spec, "image", "id"),
			 "setup", exp->setup);
}

static void set_ids(struct experiment *exp)
{
	cleanup_buf struct buf text = {0};
	char title[80];
	json_t *parts;

	json_canonical(exp->spec, &text);
	sha256_buf(buf_str(&text), text.len, exp->id);
	if (exp->engine != ENGINE_EXACT)
		return;
	parts = experiment_template(exp, title);
	template_key(parts, exp->template);
	json_decref(parts);
}

static struct experiment *new_experiment(struct experiments *out)
{
	struct experiment *exp;

	out->exp = xrealloc(out->exp, out->nr + 1, sizeof(*out->exp));
	exp = &out->exp[out->nr++];
	memset(exp, 0, sizeof(*exp));
	return exp;
}

static void copy_args(struct args *to, const struct args *from)
{
	size_t i;

	memset(to, 0, sizeof(*to));
	for (i = 0; i < from->nr; i++)
		args_add(to, "%s", from->arg[i]);
}

static char *plugin_of(enum engine engine)
{
	return engine == ENGINE_EXACT ? xasprintf("%s/" RUN_PLUGIN, path_data()) : NULL;
}

static void add_seed(struct planner *p, const struct cell *c, uint64_t seed)
{
	struct experiment *exp = new_experiment(p->out);
	cleanup_buf struct buf plan = {0};

	plan_write(c->guest, c->policy, c->scenario, c->engine != ENGINE_UML, seed, &plan);
	exp->setup = xstrdup(buf_str(&c->setup));
	exp->plan = xstrdup(buf_str(&plan));
	exp->spec = make_spec(p, c, exp->plan, seed);
	exp->kernel_file = kernel_image(c->kernel);
	exp->image_file = xstrdup(c->image.path);
	exp->plugin_file = plugin_of(c->engine);
	exp->objects_file = c->objects_file ? xstrdup(c->objects_file) : NULL;
	exp->machine = c->machine;
	exp->engine = c->engine;
	exp->oom_allowed = c->scenario->oom_allowed;
	copy_args(&exp->args, &c->args);
	set_ids(exp);
}

static int hash_program(const char *name, char hex[SHA256_HEX], struct err *err)
{
	cleanup_free char *path = xasprintf("%s/%s", path_data(), name);

	return sha256_file(path, hex, err);
}

static int hash_programs(struct planner *p, struct err *err)
{
	int ret = hash_program("agent", p->agent, err);

	if (!ret)
		ret = hash_program("workload", p->workload, err);
	return ret ? ret : hash_program(RUN_PLUGIN, p->plugin, err);
}

/* Files of the user's that workloads read. */
static void add_inputs(const struct scenario *s, struct image_file *files,
		       char (*names)[MODULE_NAME_MAX + 16], size_t *nr)
{
	size_t i;

	for (i = 0; i < s->nr_inputs; i++) {
		snprintf(names[i], sizeof(names[i]), "inputs/%s", s->input[i].name);
		files[(*nr)++] = (struct image_file){.name = names[i],
						     .data = s->input[i].data.data,
						     .len = s->input[i].data.len, .mode = 0444};
	}
}

/*
 * The scenario's own modules lie beside the kernel's, which those that they need are taken from.
 * names are set into deps, which must outlive needs.
 */
static void add_modules(const struct scenario *s, struct plan_needs *needs, struct buf *deps,
			struct image_file *files, char (*names)[MODULE_NAME_MAX + 16], size_t *nr)
{
	char *rest, *word;
	size_t i, n;

	for (i = 0; i < s->nr_modules; i++) {
		const struct scenario_module *m = &s->module[i];

		snprintf(names[i], sizeof(names[i]), "modules/%s.ko", m->name);
		files[(*nr)++] = (struct image_file){.name = names[i], .data = m->data.data,
						     .len = m->data.len, .mode = 0644};
		buf_printf(deps, "%s,", buf_str(&m->deps));
	}
	for (n = 0; needs->module[n]; n++)
		;
	for (rest = deps->data; rest && (word = strsep(&rest, ","));)
		if (*word && n < PLAN_MODULES_MAX)
			needs->module[n++] = word;
}

/* The layers of a scenario's programs, each once. */
struct layers {
	struct layer layer[LAYERS_MAX];
	size_t nr;
};

static void layers_release(struct layers *l)
{
	while (l->nr)
		layer_release(&l->layer[--l->nr]);
}

static int add_layer(struct layers *l, const char *name, void (*say)(const char *line), struct err *err)
{
	struct layer layer;
	size_t i;
	int ret = layer_open(name, say, &layer, err);

	if (ret)
		return ret;
	for (i = 0; i < l->nr; i++)
		if (!strcmp(l->layer[i].name, layer.name)) {
			if (strcmp(l->layer[i].path, layer.path))
				ret = err_set(err, -EINVAL, "two layers are called %s", layer.name);
			layer_release(&layer);
			return ret;
		}
	if (l->nr == LAYERS_MAX) {
		layer_release(&layer);
		return err_set(err, -E2BIG, "more than %d layers in one image", LAYERS_MAX);
	}
	l->layer[l->nr++] = layer;
	return 0;
}

static int add_layers(struct planner *p, const struct scenario *s, struct layers *l,
		      struct err *err)
{
	size_t i;
	int ret = 0;

	for (i = 0; !ret && i < s->nr_works; i++) {
		if (!is_program(&s->work[i]))
			continue;
		ret = program_check(&s->work[i], err);
		if (!ret)
			ret = add_layer(l, ((struct program_opts *)s->work[i].opts)->layer,
					p->say, err);
	}
	return ret ? err_prefix(err, ret, "scenario %s", s->name) : 0;
}

/* A kernel for User-Mode Linux is a program, and no other engine runs it. */
static int check_engine(const struct cell *c, struct err *err)
{
	int ret = c->engine == ENGINE_UML ? uml_check(&c->machine, err) : 0;

	if (ret)
		return err_prefix(err, ret, "guest %s", c->guest->name);
	if (kernel_is_uml(c->kernel) == (c->engine == ENGINE_UML))
		return 0;
	return err_set(err, -EINVAL,
		       c->engine == ENGINE_UML ?
			       "kernel %s is not built for User-Mode Linux, which the engine uml runs" :
			       "kernel %s is built for User-Mode Linux; run it with -e uml",
		       c->kernel->version);
}

/* User-Mode Linux has no JIT for BPF, which programs that are attached to functions need. */
static int take_policy(struct cell *c, struct err *err)
{
	int ret = plan_policy_check(c->policy, c->scenario, err);

	if (!ret && c->policy->nr_objects && c->engine == ENGINE_UML)
		ret = err_set(err, -EINVAL,
			      "policy %s has BPF objects, which User-Mode Linux cannot attach",
			      c->policy->name);
	return ret ? ret : objects_keep(c->policy, c->objects, &c->objects_file, err);
}

static int build_image(struct planner *p, struct cell *c, struct err *err)
{
	cleanup_free char *agent = xasprintf("%s/agent", path_data());
	cleanup_free char *workload = xasprintf("%s/workload", path_data());
	cleanup_free char *loader = xasprintf("%s/bpf", path_data());
	cleanup_buf struct buf fs = {0}, deps = {0};
	char names[OWN_MODULES_MAX][MODULE_NAME_MAX + 16];
	char inputs[INPUTS_MAX][MODULE_NAME_MAX + 16];
	struct layers layers __attribute__((cleanup(layers_release))) = {.nr = 0};
	struct image_file files[4 + OWN_MODULES_MAX + INPUTS_MAX + LAYERS_MAX] = {
		{.name = "init", .path = agent, .mode = 0755},
		{.name = "workload", .path = workload, .mode = 0755},
		{.name = "bpf", .path = loader, .mode = 0755},
	};
	struct plan_needs needs;
	size_t nr = 3, i;
	int ret = plan_needs(c->guest, c->scenario, &needs, err);

	if (!ret && needs.fs)
		ret = fs_make(needs.fs, needs.fs_size, &fs, err);
	if (!ret)
		ret = add_layers(p, c->scenario, &layers, err);
	if (ret)
		return ret;
	for (i = 0; i < layers.nr; i++) {
		files[nr++] = (struct image_file){.path = layers.layer[i].path};
		json_array_append(c->layers, layers.layer[i].about);
	}
	c->machine = needs.machine;
	ret = check_engine(c, err);
	if (ret)
		return ret;
	for (i = 0; needs.module[i]; i++)
		;
	if (c->kernel->has_modules && i < PLAN_MODULES_MAX)
		needs.module[i] = needs.module_if_any;
	if (needs.fs)
		files[nr++] = (struct image_file){.name = "data.fs", .data = fs.data, .len = fs.len,
						  .mode = 0644};
	add_modules(c->scenario, &needs, &deps, files, names, &nr);
	add_inputs(c->scenario, files, inputs, &nr);
	ret = image_build(c->kernel, needs.module, files, nr, &c->image, err);
	if (!ret)
		plan_params(c->guest, c->scenario, &needs, c->image.modules, &c->params);
	return ret ? err_prefix(err, ret, "scenario %s on guest %s", c->scenario->name,
				c->guest->name)
		   : 0;
}

/*
 * A kernel says in its header (init_size) how much memory unpacking takes; it needs that, the
 * initramfs twice (as loaded and as unpacked), and some to live on.  Memory that is switched on
 * later is described by memory that is there before: 1/64 of it.
 */
static int check_memory(const struct cell *c, struct err *err)
{
	cleanup_free char *path = kernel_image(c->kernel);
	uint64_t have = c->guest->machine.node[0].memory, need;
	cleanup_buf struct buf image = {0}, kernel = {0};
	uint32_t init_size;
	int ret = file_read(path, &kernel, err);

	if (!ret)
		ret = file_read(c->image.path, &image, err);
	if (ret || kernel.len < 0x264)
		return ret;
	memcpy(&init_size, kernel.data + 0x260, sizeof(init_size));
	if (kernel_is_uml(c->kernel))
		init_size = (uint32_t)kernel.len;
	need = init_size + 2 * image.len + (16 << 20);
	need += (machine_memory(&c->machine) - machine_boot_memory(&c->machine)) / 64;
	if (have >= need)
		return 0;
	return err_set(
		err, -EINVAL,
		"guest %s has %llu MiB on its first node; kernel %s needs about %llu MiB to boot",
		c->guest->name, (unsigned long long)have >> 20, c->kernel->version,
		(unsigned long long)need >> 20);
}

static void write_setup(struct cell *c)
{
	json_t *config = kernel_config(c->kernel);
	const char *kasan = json_string_value(json_object_get(config, "KASAN"));
	struct plan_kernel kernel = {.numa = c->engine != ENGINE_UML, .kasan = kasan && *kasan == 'y'};

	plan_setup(c->guest, c->scenario, c->image.modules, &kernel, &c->setup);
	json_decref(config);
}

static int add_cell(struct planner *p, struct cell *c, const struct axes *axes, struct err *err)
{
	size_t i;
	int ret;

	c->layers = json_array();
	ret = take_policy(c, err);
	if (!ret)
		ret = build_image(p, c, err);
	if (!ret)
		ret = check_memory(c, err);
	if (!ret) {
		engine_args(&c->machine, c->engine, &c->args);
		engine_params(c->engine, &c->args, buf_str(&c->params));
		write_setup(c);
	}
	for (i = 0; !ret && i < axes->nr_seeds; i++)
		add_seed(p, c, axes->seed[i]);
	image_release(&c->image);
	json_decref(c->layers);
	free(c->objects_file);
	args_release(&c->args);
	buf_release(&c->setup);
	buf_release(&c->params);
	return ret;
}

static bool fits(const struct policy *policy, const struct scenario *scenario)
{
	struct err err;

	return plan_policy_check(policy, scenario, &err) != -EINVAL;
}

/* A policy is left out where a scenario lacks its cgroups, if another of those asked for has them. */
static bool is_left_out(const struct planner *p, const struct policy *policy,
			const struct scenario *scenario)
{
	size_t i;

	for (i = 0; i < p->nr_scenarios; i++)
		if (fits(policy, &p->scenario[i]))
			return !fits(policy, scenario);
	return false;
}

static void tell_left_out(const struct planner *p, const struct policy *policy)
{
	cleanup_buf struct buf line = {0};
	size_t i;

	for (i = 0; i < p->nr_scenarios; i++)
		if (is_left_out(p, policy, &p->scenario[i]))
			buf_printf(&line, "%s%s", line.len ? ", " : "", p->scenario[i].name);
	if (!line.len)
		return;
	buf_printf(&line, ": left out for policy %s, which is for cgroups that are not there",
		   policy->name);
	p->say(buf_str(&line));
}

static int add_product(struct planner *p, const struct axes *axes, struct err *err)
{
	size_t nr = p->nr_kernels * p->nr_guests * p->nr_scenarios * p->nr_policies *
		    p->nr_engines;
	size_t i, scenario;
	int ret = 0;

	for (i = 0; i < p->nr_policies; i++)
		tell_left_out(p, &p->policy[i]);
	for (i = 0; !ret && i < nr; i++) {
		size_t rest = i;
		struct cell c = {0};

		c.policy = &p->policy[rest % p->nr_policies];
		rest /= p->nr_policies;
		scenario = rest % p->nr_scenarios;
		c.scenario = &p->scenario[scenario];
		rest /= p->nr_scenarios;
		if (p->own_guest && p->own_guest[scenario] != rest % p->nr_guests)
			continue;
		if (is_left_out(p, c.policy, c.scenario))
			continue;
		c.guest = &p->guest[rest % p->nr_guests];
		rest /= p->nr_guests;
		c.kernel = &p->kernel[rest % p->nr_kernels];
		c.engine = p->engine[rest / p->nr_kernels];
		ret = add_cell(p, &c, axes, err);
	}
	return ret;
}

int experiments_plan(const struct axes *axes, void (*say)(const char *line),
		     struct experiments *out, struct err *err)
{
	struct planner p = {.say = say, .out = out};
	int ret;

	memset(out, 0, sizeof(*out));
	ret = load_engines(&p, axes->engine, err);
	if (!ret)
		ret = load_policies(&p, axes->policy, err);
	if (!ret)
		ret = load_scenarios(&p, axes->scenario, err);
	if (!ret)
		ret = axes->guest ? load_guests(&p, axes->guest, err) : load_own_guests(&p, err);
	if (!ret)
		ret = hash_programs(&p, err);
	if (!ret)
		ret = probe_engines(&p, err);
	if (!ret)
		ret = load_kernels(&p, axes->kernel, err);
	if (!ret)
		ret = add_product(&p, axes, err);
	planner_release(&p);
	if (ret)
		experiments_release(out);
	return ret;
}

static void experiment_release(struct experiment *exp)
{
	json_decref(exp->spec);
	free(exp->kernel_file);
	free(exp->image_file);
	free(exp->plugin_file);
	free(exp->objects_file);
	free(exp->symbols_file);
	free(exp->setup);
	free(exp->plan);
	free(exp->reason);
	args_release(&exp->args);
}

void experiments_release(struct experiments *exps)
{
	size_t i;

	for (i = 0; i < exps->nr; i++)
		experiment_release(&exps->exp[i]);
	free(exps->exp);
	qemu_release(&exps->qemu);
	memset(exps, 0, sizeof(*exps));
}

static int same_qemu(const json_t *spec, const struct qemu *q, struct err *err)
{
	const char *version = NULL, *program = NULL, *firmware = NULL;
	json_t *engine = json_object_get(spec, "engine");

	if (json_unpack(engine, "{s:s, s:s, s:s}", "qemu", &version, "qemu_sha256", &program,
			"firmware_sha256", &firmware))
		return err_set(err, -EBADMSG, "spec.json names no engine");
	if (!strcmp(program, q->sha256) && !strcmp(firmware, q->firmware))
		return 0;
	return err_set(err, -ESTALE,
		       "the result was made with QEMU %s (%.12s); the one here is %s (%.12s), "
		       "and results are exact only within one build",
		       version, program, q->version, q->sha256);
}

/* As same_qemu(), where the emulator is the kernel itself, on this processor. */
static int same_processor(const json_t *spec, struct err *err)
{
	char is[SHA256_HEX];
	int ret = uml_cpu(is, err);

	if (ret || !strcmp(spec_str(spec, "engine", "processor_sha256"), is))
		return ret;
	return err_set(err, -ESTALE,
		       "the result was made on another processor, which programs under User-Mode "
		       "Linux see");
}

static int same_plugin(const json_t *spec, struct err *err)
{
	const char *was =
		json_string_value(json_object_get(json_object_get(spec, "programs"), "plugin"));
	char is[SHA256_HEX];
	int ret = hash_program(RUN_PLUGIN, is, err);

	if (ret || (was && !strcmp(was, is)))
		return ret;
	return err_set(err, -ESTALE,
		       "the result was made with another build of the plugin " RUN_PLUGIN);
}

static int spec_machine(const json_t *spec, struct machine *m, struct err *err)
{
	json_t *guest = json_object_get(spec, "guest"), *node;
	size_t i;

	memset(m, 0, sizeof(*m));
	m->records = (uint64_t)json_integer_value(json_object_get(guest, "records"));
	json_array_foreach(json_object_get(guest, "nodes"), i, node) {
		if (i == MACHINE_NODES_MAX)
			return err_set(err, -EBADMSG, "spec.json has too many nodes");
		m->node[i].memory =
			(uint64_t)json_integer_value(json_object_get(node, "memory_with_stores"));
		m->node[i].cpus = (unsigned int)json_integer_value(json_object_get(node, "cpus"));
		m->node[i].movable = json_is_true(json_object_get(node, "movable"));
		m->nr_nodes++;
	}
	return m->nr_nodes && m->records ? 0 : err_set(err, -EBADMSG, "spec.json names no machine");
}

static int spec_args(const json_t *spec, struct args *args, struct err *err)
{
	json_t *arg;
	size_t i;

	json_array_foreach(json_object_get(json_object_get(spec, "engine"), "args"), i, arg)
		args_add(args, "%s", json_is_string(arg) ? json_string_value(arg) : "");
	return args->nr ? 0 : err_set(err, -EBADMSG, "spec.json has no command line");
}

static int spec_files(const json_t *spec, struct experiment *exp, struct err *err)
{
	struct kernel kernel = {0};
	struct image image = {0};
	int ret = kernel_open(spec_str(spec, "kernel", "id"), &kernel, err);

	if (ret)
		return err_prefix(err, ret, "kernel %s is no longer in the cache; fetch it again",
				  spec_str(spec, "kernel", "package"));
	exp->kernel_file = kernel_image(&kernel);
	kernel_release(&kernel);
	ret = image_open(spec_str(spec, "image", "id"), &image, err);
	if (ret)
		return err_prefix(err, ret, "the image of that result is no longer in the cache");
	exp->image_file = xstrdup(image.path);
	exp->plugin_file = plugin_of(exp->engine);
	image_release(&image);
	if (json_object_get(json_object_get(spec, "policy"), "objects"))
		ret = objects_open(spec_str(spec, "policy", "objects"), &exp->objects_file, err);
	return ret;
}

static bool spec_oom(const json_t *spec)
{
	json_t *conf = json_object_get(json_object_get(spec, "scenario"), "conf");
	bool allowed = false;

	return !parse_bool(spec_str(conf, "scenario", "oom"), &allowed) && allowed;
}

int experiment_from_spec(const json_t *spec, struct experiments *out, struct err *err)
{
	const char *setup = json_string_value(json_object_get(spec, "setup"));
	const char *plan = json_string_value(json_object_get(spec, "plan"));
	struct experiment *exp;
	int ret;

	memset(out, 0, sizeof(*out));
	exp = new_experiment(out);
	exp->spec = json_deep_copy(spec);
	exp->setup = xstrdup(setup ? setup : "");
	exp->plan = xstrdup(plan ? plan : "");
	exp->oom_allowed = spec_oom(spec);
	exp->engine = engine_find(spec_str(spec, "engine", "name"));
	set_ids(exp);
	if (exp->engine == ENGINE_UML) {
		ret = same_processor(spec, err);
	} else {
		ret = qemu_probe(&out->qemu, err);
		if (!ret)
			ret = same_qemu(spec, &out->qemu, err);
	}
	if (!ret && exp->engine == ENGINE_NR)
		ret = err_set(err, -EBADMSG, "spec.json names an engine that is not known here");
	if (!ret && exp->engine == ENGINE_EXACT)
		ret = same_plugin(spec, err);
	if (!ret)
		ret = spec_machine(spec, &exp->machine, err);
	if (!ret)
		ret = spec_args(spec, &exp->args, err);
	if (!ret)
		ret = spec_files(spec, exp, err);
	if (ret)
		experiments_release(out);
	return ret;
}

static int check_exact(const struct experiment *exp, const char *id, struct err *err)
{
	if (!engine_exact(exp->engine))
		return err_set(err, -EINVAL,
			       "%.12s was run by the engine %s, in real time: its result is no "
			       "function of its spec, so there is nothing to replay",
			       id, engine_name(exp->engine));
	if (strcmp(exp->id, id))
		return err_set(err, -EBADMSG,
			       "%s/%s/spec.json is not what its name says: it was changed",
			       path_results(), id);
	return 0;
}

int experiment_open(const char *id, struct experiments *out, struct err *err)
{
	struct result r;
	int ret = store_load(id, &r, err);

	if (ret)
		return ret;
	ret = experiment_from_spec(r.spec, out, err);
	result_release(&r);
	if (ret)
		return ret;
	ret = check_exact(out->exp, id, err);
	if (ret)
		experiments_release(out);
	return ret;
}

static void script_line(struct buf *out, const char *fmt, const char *what)
{
	cleanup_buf struct buf word = {0};

	buf_add_shell(&word, what);
	buf_printf(out, fmt, buf_str(&word));
}

void experiment_script(const struct experiment *exp, struct buf *out)
{
	size_t i;

	buf_printf(out, "# experiment %s\n", exp->id);
	if (exp->engine == ENGINE_UML) {
		buf_adds(out, "# User-Mode Linux gets its plan in an archive that is made for each run: "
			      "'wringer run' only\n");
		return;
	}
	buf_adds(out, "(\nset -e\ndir=$(mktemp -d)\ncd \"$dir\"\n");
	script_line(out, "cp %s " RUN_KERNEL "\n", exp->kernel_file);
	script_line(out, "cp %s " RUN_INITRD "\n", exp->image_file);
	if (exp->plugin_file)
		script_line(out, "cp %s " RUN_PLUGIN "\n", exp->plugin_file);
	buf_printf(out, "cat >" RUN_SETUP " <<'END_OF_SETUP'\n%sEND_OF_SETUP\n", exp->setup);
	buf_printf(out, "cat >" RUN_PLAN " <<'END_OF_PLAN'\n%sEND_OF_PLAN\n", exp->plan);
	if (exp->objects_file)
		script_line(out, "cp %s " RUN_OBJECTS "\n", exp->objects_file);
	else
		buf_adds(out, ": >" RUN_OBJECTS "\n");
	buf_printf(out, "truncate -s %llu " RUN_RECORDS "\n",
		   (unsigned long long)exp->machine.records);
	buf_adds(out, "echo \"console and records are in $dir\"\n");
	for (i = 0; i < exp->args.nr; i++) {
		if (i)
			buf_adds(out, exp->args.arg[i][0] == '-' ? " \\\n\t" : " ");
		buf_add_shell(out, exp->args.arg[i]);
	}
	/* The agent ends the machine through a device whose exit codes are odd: 1 is its 0. */
	buf_adds(out, " </dev/null || [ $? -eq 1 ]\n)\n");
}
