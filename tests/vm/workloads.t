#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Every type of workload: it runs under pressure, twice with the same bytes, and finds out when its data
# is damaged behind its back.
# shellcheck source=tests/vm/lib.sh
. tests/vm/lib.sh

KERNEL=6.12
GUEST=tiny
WRONG='does not hold what was written'

# no_data TYPE: why there is nothing to damage, or nothing.
no_data()
{
	case $1 in
	senpai) echo "it asks for reclaim and holds no data of its own" ;;
	esac
}

# places TYPE: where data is damaged, each in a run of its own.  What is only in memory or only in files is
# told apart by plant itself, which fails when it finds nothing.
places()
{
	case $1 in
	apps | madvise) echo memory files ;;
	build | memcg) echo files ;; # what is in memory lives for a moment
	*) echo both ;;
	esac
}

scenario()
{
	echo "$HERE/scenarios/workload-$1.conf"
}

# planted TYPE PLACE: the scenario with damage, in our own folder.
planted()
{
	file=$DIR/planted-$1-$2.conf
	{
		printf '[include %s]\n' "$(scenario "$1")"
		printf '[workload plant]\ntype = fault\nkind = plant\ntarget = %s\nplace = %s\nafter = 300ms\n' "$1" "$2"
	} >"$file"
	echo "$file"
}

# line_of SCENARIO-NAME: what show says of its only result.
line_of()
{
	"$WRINGER" show -s "$1" | sed -n 2p
}

# fault is what damages; a program checks itself, or not (programs.t).
types=$("$WRINGER" scenario keys types | grep -vx -e fault -e program)
[ "$(echo "$types" | wc -l)" -ge 5 ] || fail "show workloads tells too few types: $types"
set --
for type in $types; do
	[ -f "$(scenario "$type")" ] || fail "workload type $type has no scenario $(scenario "$type")"
	set -- "$@" -s "$(scenario "$type")"
done
expect 0 "$WRINGER" run -k $KERNEL -g $GUEST -p mglru -n 1 "$@"
ids=
for type in $types; do
	line=$(line_of "workload-$type")
	case $line in
	*"1  done") ;;
	*) fail "$type: '$line'" ;;
	esac
	ids="$ids ${line%% *}"
done

# The same bytes again.
# shellcheck disable=SC2086 # ids are words
expect 0 "$WRINGER" replay $ids
same=$(grep -c "identical, 1 of 1" "$DIR/out") || :
[ "$same" = "$(echo "$ids" | wc -w)" ] || fail "only $same are identical: $(cat "$DIR/out")"

# Zipf reads of a file twice as large as the cache: most hit, some do not.
id=$("$WRINGER" show -s workload-kv --json | jq -r '.[0].id')
jq -e '[.metrics[] | {(.name): .value}] | add | ."workload.kv.fetched" / ."workload.kv.reads" | . > 0.02 and . < 0.5' \
	"$WRINGER_RESULTS/$id/result.json" >"$DIR/jq" || fail "kv's own reads from the device"

set --
for type in $types; do
	why=$(no_data "$type")
	if [ -n "$why" ]; then
		echo "$type: nothing to damage, $why"
		continue
	fi
	for place in $(places "$type"); do
		set -- "$@" -s "$(planted "$type" "$place")"
	done
done
expect 1 "$WRINGER" run -k $KERNEL -g $GUEST -p mglru -n 1 "$@"
for file in "$DIR"/planted-*.conf; do
	name=$(basename "$file" .conf)
	line=$(line_of "$name")
	echo "$line"
	case $line in
	*"1  workload-failed: "*"workload plant"*) fail "$name: the damage was not done: '$line'" ;;
	*"1  workload-failed: "*"$WRONG"*) ;;
	*) fail "$name: the damage was not found: '$line'" ;;
	esac
done
nothing_half_written
