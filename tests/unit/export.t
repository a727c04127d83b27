#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What wringer export writes, read by others: xmllint, jq against KCIDB's schema, and OpenMetrics' grammar in awk.
# shellcheck source=tests/unit/lib.sh
. tests/unit/lib.sh


need xmllint

# export_as CODE ARGUMENT...: what it prints is in $dir/out.
export_as()
{
	want=$1
	shift
	expect "$want" "$wringer" export "$@"
}

# Patterns, words and bounds of kcidb_io/schema/v05_03.py, for the objects and keys that there may be.
cat >"$dir/kcidb.jq" <<'END'
def is(f): type == "string" and test(f);
def id: is("^[a-z0-9_]+:[^\n]*$");
def origin: is("^[a-z0-9_]+$");
def text: is("^[^\u0000]*$");
def keys_in($may): (keys - $may) == [];
def time: is("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}[+]00:00$");
def no_nulls: [.. | select(. == null)] == [];
def checkout: keys_in(["id", "origin", "comment", "valid"]) and (.id | id) and (.origin | origin) and
	(.comment | text) and (.valid == true);
def build: keys_in(["id", "checkout_id", "origin", "comment", "status", "architecture", "misc"]) and (.id | id) and
	(.checkout_id | id) and (.origin | origin) and (.status == "PASS") and
	(.architecture == null or (.architecture | is("^[a-z0-9_]*$"))) and (.misc | type == "object");
def number: keys_in(["value", "unit"]) and (.value | type == "number") and (.unit == null or (.unit | text));
def one: keys_in(["id", "build_id", "origin", "path", "status", "comment", "misc", "environment", "number",
		"log_excerpt", "start_time", "duration"]) and (.id | id) and (.build_id | id) and (.origin | origin) and
	(.path | is("^([a-zA-Z0-9_-]+([.][a-zA-Z0-9_-]+)*)?$")) and
	(.status | IN("FAIL", "ERROR", "MISS", "PASS", "DONE", "SKIP")) and (.comment | text) and
	(.misc | type == "object") and (.environment | keys_in(["comment", "misc"])) and
	(.number == null or (.number | number)) and
	(.log_excerpt == null or (.log_excerpt | text and length <= 16384)) and
	(.start_time == null or (.start_time | time)) and (.duration == null or (.duration | type == "number"));
no_nulls and keys_in(["version", "checkouts", "builds", "tests"]) and .version == {"major": 5, "minor": 3} and
all(.checkouts[]; checkout) and all(.builds[]; build) and all(.tests[]; one) and
([.tests[].id] | length == (unique | length)) and ([.builds[].id] | length == (unique | length)) and
([.tests[].build_id] - [.builds[].id]) == [] and ([.builds[].checkout_id] - [.checkouts[].id]) == []
END

# Grammar and order of OpenMetrics 1.0, of gauges and state sets.
cat >"$dir/openmetrics.awk" <<'AWK'
function bad(why) { print why ": " $0; failed = 1; exit 1 }
BEGIN { name = "[a-zA-Z_:][a-zA-Z0-9_:]*"; label = "[a-zA-Z_][a-zA-Z0-9_]*=\"([^\"\\\\]|\\\\[n\"\\\\])*\"" }
ended { bad("a line behind the end") }
/\r/ { bad("a carriage return") }
$0 == "# EOF" { ended = 1; next }
/^# TYPE / {
	if (NF != 4 || $3 !~ "^" name "$" || $4 !~ /^(gauge|stateset)$/) bad("TYPE")
	if ($3 in types) bad("a family that was there before")
	types[family = $3] = $4
	next
}
/^# UNIT / {
	if ($3 != family || NF != 4 || unit[$3]++ || substr($3, length($3) - length($4)) != "_" $4) bad("UNIT")
	next
}
/^# HELP / { if ($3 != family || help[$3]++ || /\\[^n"\\]/) bad("HELP"); next }
/^#/ { bad("a comment") }
{
	if (!match($0, "^" name "[{]" label "(," label ")*[}] ")) bad("no sample")
	labels = substr($0, 1, RLENGTH - 1)
	value = substr($0, RLENGTH + 1)
	if (substr(labels, 1, index(labels, "{") - 1) != family) bad("a sample of another family")
	if (value !~ /^[-+]?([0-9]+|[0-9]+[.][0-9]*(e[-+]?[0-9]+)?|[0-9]+e[-+]?[0-9]+)$/) bad("the value")
	if (labels in seen) bad("a sample that was there before")
	seen[labels] = 1
	count++
}
END { if (!failed && (!ended || !count)) { print "there is nothing"; exit 1 } exit failed }
AWK

# all_forms WANT OPTION...: each is what its readers take.
all_forms()
{
	want=$1
	shift
	export_as "$want" -f junit "$@"
	xmllint --noout "$dir/out" || fail "JUnit is no XML: $*"
	for what in tests:testcase failures:testcase/failure errors:testcase/error skipped:testcase/skipped; do
		xmllint --xpath "string(//testsuites/@${what%:*}) = count(//testsuite/${what#*:}) and
			sum(//testsuite/@${what%:*}) = count(//testsuite/${what#*:})" "$dir/out" | grep -qx true ||
			fail "JUnit counts $what otherwise: $*"
	done
	export_as "$want" -f kcidb --origin lab_1 "$@"
	jq -e -f "$dir/kcidb.jq" "$dir/out" >/dev/null || fail "KCIDB would refuse it: $*"
	export_as "$want" -f openmetrics "$@"
	awk -f "$dir/openmetrics.awk" "$dir/out" || fail "OpenMetrics: $*"
	export_as "$want" -f ktap "$@"
	awk '/^1\.\./ { plan = substr($0, 4) } /^(ok|not ok) / { n++ }
		/^  1\.\./ { planned += substr($0, 6) } /^  (ok|not ok) / { m++ }
		END { exit !(n && n == plan && m == planned) }' "$dir/out" || fail "KTAP plans otherwise: $*"
}

"$B/tests/test_export" "$dir" || fail "no results were made"
one=$dir/one
two=$dir/two
printf '[suite]\ntitle = t\n[cells x]\nkernel = k\npolicy = lru\nscenario = kv-scan\n' >"$dir/made.conf"

all_forms 1 -o "$one"
all_forms 1 -o "$one" --all
all_forms 0 -o "$one" -p lru -s kv-scan
all_forms 1 -o "$two" --suite "$dir/made.conf"

# Each says the same of each experiment.
export_as 1 -o "$one" -f kcidb
jq -r '.tests[] | .status' "$dir/out" | sort | uniq -c | awk '{ printf "%s%s ", $2, $1 }' >"$dir/counts"
[ "$(cat "$dir/counts")" = "ERROR1 FAIL1 PASS4 " ] || fail "$(cat "$dir/counts")"
id=$(jq -r '.tests[] | select(.status == "FAIL") | .misc.experiment' "$dir/out")
[ -d "$one/$id" ] || fail "the experiment of a test is not there: $id"
export_as 1 -o "$one" -f openmetrics
grep "^wringer_status{.*id=\"$(echo "$id" | cut -c-12)\".*wringer_status=\"fail\"} 1\$" "$dir/out" >/dev/null ||
	fail "OpenMetrics does not say that it failed"
export_as 1 -o "$one" -f junit
xmllint --xpath 'string(//testcase[failure/@type = "panic"]/@name)' "$dir/out" | grep -qx seed-2 || fail "no panic"
xmllint --xpath 'string(//failure)' "$dir/out" | grep -q '</testcase>\\xff' || fail "the console is not there"

# By ids, in part, twice and mixed; by what options choose; by metric.
short=$(echo "$id" | cut -c-9)
export_as 1 -o "$one" -f kcidb "$id" "$short"
[ "$(jq '.tests | length' "$dir/out")" = 1 ] || fail "an experiment that is named twice is two"
other=$(jq -r 'input_filename | split("/")[-2]' "$one"/*/result.json | grep -v "$id" | head -n 1)
export_as 1 -o "$one" -f kcidb "$id" "$other"
[ "$(jq -r '[.tests[].misc.experiment] | sort | join(" ")' "$dir/out")" = "$(printf '%s\n' "$id" "$other" | sort | xargs)" ] ||
	fail "two ids are not two tests"
export_as 0 -o "$one" -f kcidb -p lru -n 2 -m io.read_kib
[ "$(jq -c '[.tests[] | [.misc.seed, .misc.metrics, .misc.number]]' "$dir/out")" = \
	'[[2,{"io.read_kib":{"unit":"KiB","value":7}},"io.read_kib"]]' ] || fail "$(cat "$dir/out")"

# A suite's rows, each against what it says itself.
export_as 1 -o "$two" -f ktap --suite "$dir/made.conf"
grep -q '^  not ok 1 workload.kv.rate # WORSE: ' "$dir/out" || fail "the finding is not there"
grep -q '^  ok 1 workload.kv.rate # SKIP UNDECIDED: ' "$dir/out" || fail "what is not decided is not skipped"
grep -q '^  ok 1 comparison # SKIP not run: ' "$dir/out" || fail "what is not run is not skipped"
[ "$(grep -c '^not ok' "$dir/out")" = 1 ] || fail "another finding"

# Neither the host's zone nor its language is in it.
export_as 1 -o "$one" -f junit
cp "$dir/out" "$dir/first"
TZ=Asia/Tokyo LC_ALL=C.UTF-8 export_as 1 -o "$one" -f junit
cmp "$dir/first" "$dir/out" || fail "it is not the same each time"
mv "$one" "$dir/moved"
export_as 1 -o "$dir/moved" -f junit
cmp "$dir/first" "$dir/out" || fail "it says where the results are"

one=$dir/moved
export_as 129 -o "$one"
said 'ktap, junit, kcidb and openmetrics'
export_as 129 -o "$one" -f xml
export_as 129 -o "$one" -f kcidb --origin My.Lab
said 'small letters'
export_as 129 -o "$one" -f ktap -p none
said 'nothing to export'
export_as 129 -o "$one" -f ktap -p lru "$id"
said 'one of these'
export_as 129 -o "$two" -f ktap --suite "$dir/made.conf" --all
export_as 128 -o "$one" -f ktap 0000000
export_as 128 -o "$one" -f ktap --suite "$dir/made.conf"
said 'was not run here'
for form in ktap junit kcidb openmetrics; do
	code=0
	"$wringer" export -o "$one" -f $form >/dev/full 2>"$dir/err" || code=$?
	[ $code -eq 128 ] || fail "$form: a full disk ended with $code"
	said 'cannot write the output'
done

# What is wrong is found.
cp "$dir/first" "$dir/bad.xml"
printf '\001' >>"$dir/bad.xml"
! xmllint --noout "$dir/bad.xml" 2>/dev/null || fail "xmllint takes anything"
export_as 1 -o "$one" -f openmetrics
sed '$d' "$dir/out" >"$dir/bad"
! awk -f "$dir/openmetrics.awk" "$dir/bad" >/dev/null || fail "an end that is missing was not found"
sed 's/policy="lru"/policy="l"ru"/' "$dir/out" >"$dir/bad"
! awk -f "$dir/openmetrics.awk" "$dir/bad" >/dev/null || fail "a label that is not escaped was not found"
export_as 1 -o "$one" -f kcidb
jq '.tests[0].path += "/x"' "$dir/out" >"$dir/bad"
! jq -e -f "$dir/kcidb.jq" "$dir/bad" >/dev/null || fail "a bad path was not found"
