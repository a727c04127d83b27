#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The private apt configuration holds when the name it was reached by is gone.
# shellcheck source=tests/unit/lib.sh
. tests/unit/lib.sh

need apt-get

mkdir "$dir/real"
ln -s real "$dir/link"
sh scripts/apt-conf "$dir/link" bookworm
rm "$dir/link"
APT_CONFIG=$dir/real/apt.conf apt-get update --print-uris >"$dir/uris"
grep -q "/bookworm/InRelease" "$dir/uris" ||
	fail "nothing would be fetched: $(cat "$dir/real/apt.conf")"
