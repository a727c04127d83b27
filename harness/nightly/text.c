// SPDX-License-Identifier: GPL-2.0-only
/* A night in words, as JSON, and as the files that are kept of it. */
#include <string.h>

#include "nightly/nightly.h"
#include "report/table.h"
#include "result/store.h"

void night_title(const struct night *n, const struct night_finding *f, struct buf *out)
{
	const struct suite_contest *c = &n->plan->contest[f->contest];

	suite_contest_title(c, f->arm ? c->arm[f->arm].label : NULL, out);
	buf_printf(out, ", %s", f->row ? f->row->r.name : "experiments");
}

static json_t *finding_json(const struct night *n, const struct night_finding *f)
{
	cleanup_buf struct buf title = {0};
	json_t *out;

	night_title(n, f, &title);
	out = json_pack("{s:s, s:s, s:s, s:s?, s:s?, s:s?}", "kind", night_kind_name(f->kind), "key", f->key, "title",
			buf_str(&title), "what", f->what, "since", f->since, "search", f->search);
	if (f->row)
		json_object_set_new(out, "found", comparison_row_json(&f->row->r));
	if (f->tried)
		json_object_set_new(out, "fresh", comparison_row_json(&f->fresh));
	return out;
}

json_t *night_json(const struct night *n)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < n->nr; i++)
		json_array_append_new(list, finding_json(n, &n->finding[i]));
	return json_pack("{s:s, s:b, s:b, s:o, s:o}", "kernel", n->kernel, "complete", n->complete, "good", n->good,
			 "findings", list, "suite", suite_status_json(n->plan, &n->s));
}

static int write_form(const char *dir, const char *name, const struct document *doc,
		      void (*form)(const struct document *doc, struct buf *out), struct err *err)
{
	cleanup_free char *path = xasprintf("%s/%s", dir, name);
	cleanup_buf struct buf text = {0};

	form(doc, &text);
	return file_write(path, buf_str(&text), text.len, err);
}

static int write_json(const char *dir, const struct night *n, struct err *err)
{
	cleanup_free char *path = xasprintf("%s/night.json", dir);
	cleanup_buf struct buf text = {0};
	json_t *json = night_json(n);

	json_canonical(json, &text);
	json_decref(json);
	return file_write(path, text.data, text.len, err);
}

int night_write(const struct night *n, const struct document *doc, const char *dir, struct err *err)
{
	int ret = dir_make(dir, err);

	if (!ret)
		ret = write_form(dir, "report.html", doc, document_html, err);
	if (!ret)
		ret = write_form(dir, "report.txt", doc, document_mail, err);
	if (!ret)
		ret = write_form(dir, "report.md", doc, document_markdown, err);
	return ret ? ret : write_json(dir, n, err);
}
