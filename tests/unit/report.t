#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The page that wringer report writes, in a browser: light and dark, on a phone and on a desk, and printed.
# shellcheck source=tests/unit/lib.sh
. tests/unit/lib.sh

need chromium

# browse ARGUMENT...: what it prints is in $dir/out, what it complains about in $dir/err.
browse()
{
	# Its start script has words of its own for a host without a home; only what is below counts.
	HOME=$dir timeout -k 5 120 chromium --headless=new --no-sandbox --disable-gpu --no-first-run \
		--disable-background-networking --disable-component-update --disable-sync --user-data-dir="$dir/profile" \
		--allow-file-access-from-files --enable-logging=stderr --hide-scrollbars \
		"$@" >"$dir/out" 2>"$dir/err" </dev/null || fail "the browser ended with $?: $(tail -n 3 "$dir/err")"
}

no_errors()
{
	! grep -E 'CONSOLE|Refused to' "$dir/err" || fail "the page has errors"
}

# What a page in a frame of each width is like, in one line of JSON.  The script is ours, beside the page.
cat >"$dir/look.html" <<'END'
<!doctype html>
<body>
<iframe src=page.html style="width:390px;height:800px;border:0"></iframe>
<iframe src=page.html style="width:1280px;height:800px;border:0"></iframe>
<pre id=found></pre>
<script>
function look(frame)
{
	const d = frame.contentDocument, w = d.documentElement.clientWidth;
	const seen = e => e.getBoundingClientRect().width > 0 && e.getBoundingClientRect().height > 0;
	const all = s => [...d.querySelectorAll(s)];

	all("details").forEach(e => e.open = true);
	/* What is laid out only when it comes into sight has no size before. */
	all("article").forEach(e => e.style.contentVisibility = "visible");
	return {
		width: w, scroll: d.documentElement.scrollWidth,
		wide: all("body *").filter(e => !e.closest(".t, pre, svg") && e.getBoundingClientRect().right > w + 1)
			.map(e => e.outerHTML.slice(0, 80)),
		tables: all("table").filter(seen).length, allTables: all("table").length,
		charts: all("svg").filter(seen).length, allCharts: all("svg").length,
		paths: all("figure path").filter(e => e.getBBox().width > 0 || e.getBBox().height > 0).length,
		scripts: all("script, img, iframe, link").length,
		title: d.querySelector("h1").innerText, back: getComputedStyle(d.body).backgroundColor,
		ink: getComputedStyle(d.body).color, rows: all("tr[data-metric] [data-arm]").length,
	};
}
window.onload = () => {
	document.getElementById("found").textContent =
		JSON.stringify([...document.querySelectorAll("iframe")].map(look));
	document.querySelectorAll("iframe").forEach(e => e.remove());
};
</script>
END

# look [ARGUMENT]: the finding into $dir/found.
look()
{
	browse --virtual-time-budget=10000 --window-size=1400,900 "$@" --dump-dom "file://$dir/look.html"
	sed -n 's/.*<pre id="found">\(.*\)<\/pre>.*/\1/p' "$dir/out" |
		sed 's/&lt;/</g; s/&gt;/>/g; s/&amp;/\&/g' >"$dir/found"
	[ -s "$dir/found" ] || fail "nothing was seen of the page: $(head -c 300 "$dir/out")"
}

# holds EXPRESSION: of both widths, by jq.
holds()
{
	jq -e "all(.[]; $1)" "$dir/found" >/dev/null || fail "not so: $1; $(cat "$dir/found")"
}

fine()
{
	holds '.scroll <= .width and .wide == []'
	holds '.tables == .allTables and .tables >= 6'
	holds '.charts == .allCharts and .charts >= 15 and .paths >= 30'
	holds '.scripts == 0 and .title == "mglru against lru" and .rows >= 20'
}

"$B/tests/test_document" "$dir/results"
report()
{
	"$wringer" report -o "$dir/results" "$@" 2>"$dir/err"
}

status=0
report --html "$dir/page.html" || status=$?
[ $status -eq 1 ] || fail "an experiment that did not end well is a finding, and it ended with $status"

look
no_errors
fine
cp "$dir/found" "$dir/light"
look --blink-settings=preferredColorScheme=0
no_errors
fine
jq -e -n --slurpfile l "$dir/light" --slurpfile d "$dir/found" '$l[0][0].back == "rgb(255, 255, 255)" and
	$l[0][0].back != $d[0][0].back and $l[0][0].ink != $d[0][0].ink' >/dev/null || fail "dark is not dark"

browse --window-size=1280,900 --screenshot="$dir/shot.png" "file://$dir/page.html"
no_errors
[ "$(wc -c <"$dir/shot.png")" -gt 20000 ] || fail "there is hardly anything on the page"
browse --no-pdf-header-footer --print-to-pdf="$dir/page.pdf" "file://$dir/page.html"
[ "$(head -c 5 "$dir/page.pdf")" = %PDF- ] || fail "it cannot be printed"
[ "$(wc -c <"$dir/page.pdf")" -gt 20000 ] || fail "hardly anything is printed"

# All that would find what is wrong does: a script, an element that is too wide, no content.
mv "$dir/page.html" "$dir/good.html"
sed 's|<main>|<main><script>alert(1)</script>|' "$dir/good.html" >"$dir/page.html"
look
grep -q CONSOLE "$dir/err" || fail "a script that the page forbids was not noticed"
(fine) >/dev/null && fail "a script in the page was not found"
sed 's|<h2>|<div style="width:500px">x</div><h2>|' "$dir/good.html" >"$dir/page.html"
look
(fine) >/dev/null && fail "a page that is too wide was not found"

# The command itself: whole or not at all, to a pipe as to a file, and the other two forms.
report --html - >"$dir/piped" || :
cmp -s "$dir/piped" "$dir/good.html" || fail "--html - writes something else"
report >"$dir/mail" || :
report --mail | cmp -s - "$dir/mail" || fail "a mail is not the default"
grep -q '^workload\|^kv.rate' "$dir/mail" || fail "no metric in the mail"
report --markdown | grep -q '^| workload.kv.rate |' || fail "no metric in the Markdown"
echo old >"$dir/old"
status=0
(ulimit -f 8 && trap '' XFSZ && report --html "$dir/old") || status=$?
[ $status -eq 128 ] || fail "a page that cannot be written ended with $status"
[ "$(cat "$dir/old")" = old ] || fail "what was there before is gone"
[ "$(find "$dir" -name 'old*' | wc -l)" -eq 1 ] || fail "half a page was left behind"
status=0
report --html - >/dev/full || status=$?
[ $status -eq 128 ] || fail "a full disk ended with $status"
