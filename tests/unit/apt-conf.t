#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The private apt configuration holds when the name it was reached by is gone.
set -eu

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
command -v apt-get >/dev/null || {
	echo "there is no apt"
	exit 77
}

mkdir "$dir/real"
ln -s real "$dir/link"
sh scripts/apt-conf "$dir/link" bookworm
rm "$dir/link"
APT_CONFIG=$dir/real/apt.conf apt-get update --print-uris >"$dir/uris"
grep -q "/bookworm/InRelease" "$dir/uris" || {
	echo "FAIL: nothing would be fetched"
	cat "$dir/real/apt.conf"
	exit 1
}
