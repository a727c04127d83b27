#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Classic LRU is on in the lru arm and MGLRU in the mglru arm, whatever a kernel boots with; and a
# policy that did not take hold ends the experiment before the window.
# shellcheck source=tests/vm/lib.sh
. tests/vm/lib.sh

expect 0 "$WRINGER" run -k 6.1,6.12,newest -g two -p lru,mglru -s "$HERE/scenarios/short.conf" -n 1
[ "$(results | wc -l)" = 6 ] || fail "not six results"
for policy in lru:0x0000 mglru:0x0007; do
	ids=$("$WRINGER" show -p ${policy%:*} --json | grep '"id"' | cut -d'"' -f4)
	[ "$(echo "$ids" | wc -l)" = 3 ] || fail "not three results of ${policy%:*}"
	for id in $ids; do
		grep -q "\"lru_gen.enabled\": \"${policy#*:}\"" "$WRINGER_RESULTS/$id/result.json" ||
			fail "$id: lru_gen is not ${policy#*:}"
	done
done

cat >"$DIR/half.conf" <<'END'
[policy]
title = asks for MGLRU and expects classic LRU
[set]
/sys/kernel/mm/lru_gen/enabled = y
[expect]
/sys/kernel/mm/lru_gen/enabled = 0x0000
END
expect 1 "$WRINGER" run -k 6.12 -g two -p "$DIR/half.conf" -s "$HERE/scenarios/short.conf" -n 1
said "setup-failed: .* /sys/kernel/mm/lru_gen/enabled says '0x0007', not '0x0000' as asked"

# What a kernel does not have is not tuned, and what it has is.
cat >"$DIR/tuned.conf" <<'END'
[policy]
title = classic LRU, with a knob that there is and one that there is not
[tune]
/sys/kernel/mm/no_such_folder/enabled = y
/sys/kernel/mm/lru_gen/enabled = n
[expect]
/sys/kernel/mm/lru_gen/enabled = 0x0000
END
expect 0 "$WRINGER" run -k 6.12 -g two -p "$DIR/tuned.conf" -s "$HERE/scenarios/short.conf" -n 1
sed 's/^\[tune\]/[set]/' "$DIR/tuned.conf" >"$DIR/set.conf"
expect 1 "$WRINGER" run -k 6.12 -g two -p "$DIR/set.conf" -s "$HERE/scenarios/short.conf" -n 1
said 'setup-failed: .*no_such_folder'
