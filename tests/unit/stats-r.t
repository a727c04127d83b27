#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# harness/stats against R: the same samples, the same numbers.  BUILD is the build folder.
set -eu

command -v Rscript >/dev/null || {
	echo "there is no Rscript; 'scripts/deps check' installs it"
	exit 77
}
here=$(cd -- "$(dirname -- "$0")" && pwd)
values=$(mktemp)
trap 'rm -f "$values"' EXIT
trap 'exit 1' HUP INT TERM
"$BUILD/tests/stats_values" >"$values"
Rscript --vanilla "$here/stats.R" "$values"
# It does see what is wrong.
sed '0,/u=[0-9.]*/s//u=0.125/' "$values" >"$values.wrong"
trap 'rm -f "$values" "$values.wrong"' EXIT
! Rscript --vanilla "$here/stats.R" "$values.wrong" 2>/dev/null || {
	echo "a wrong u was not found"
	exit 1
}
