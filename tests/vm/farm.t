#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Farms: the same suite by this machine, by GNU parallel and by Slurm gives the same bytes, also when workers and
# daemons are killed on the way.
# shellcheck source=tests/vm/lib.sh
. tests/vm/lib.sh

for program in parallel munged slurmctld slurmd sbatch; do
	command -v $program >/dev/null || {
		echo "there is no $program ('make check' installs it)"
		exit 77
	}
done
[ "$(id -u)" = 0 ] || {
	echo "slurmd starts jobs as root only"
	exit 77
}

# A controller that forgot what it ran says for ever that it runs: after twice the time of a machine, and two minutes,
# nobody believes it.
suite=$DIR/made.conf
cat >"$suite" <<END
[suite]
title = for a test
timeout = 2m
[cells policies]
kernel = 6.12
guest = two
policy = lru, mglru
scenario = $HERE/scenarios/short.conf
seeds = 1-4
expect = any
END

# same FARM...: runs the suite on it into a folder of its own, which then has what the first one has.
same()
{
	WRINGER_RESULTS=$DIR/$1 "$WRINGER" suite run "$suite" --farm "$@" >"$DIR/out" 2>"$DIR/err" ||
		fail "farm $1: $(cat "$DIR/err" "$DIR/out" "$DIR/$1/.cells/log" 2>/dev/null)"
	compare "$1"
}

compare()
{
	(cd "$WRINGER_RESULTS" && find . -maxdepth 2 -name result.json | sort | xargs sha256sum) >"$DIR/want"
	(cd "$DIR/$1" && find . -maxdepth 2 -name result.json | sort | xargs sha256sum) >"$DIR/got"
	[ "$(wc -l <"$DIR/want")" = 8 ] || fail "there are not eight results"
	cmp "$DIR/want" "$DIR/got" || fail "farm $1 has other results: $(diff "$DIR/want" "$DIR/got")"
	[ -z "$(find "$DIR/$1/.spool" -name result.json)" ] || fail "farm $1 left something in the spool"
}

# until WHAT COMMAND...: waits for it, two minutes at most.
until_()
{
	what=$1
	shift
	n=0
	until "$@" >"$DIR/until" 2>&1; do
		n=$((n + 1))
		[ $n -lt 240 ] || fail "$what: $(cat "$DIR/until")"
		sleep 0.5
	done
}

# A process that is at a cell of these results, and no canary.
worker()
{
	pgrep -f "wringer cell --results $1 --timeout [0-9]*ms [0-9a-f]" | sort -n | head -n 1 | grep .
}

# shellcheck disable=SC2317 # until_ calls it
two_idle()
{
	sinfo -h -N -o "%N %T %E"
	tail -n 3 "$DIR/w1.out"
	[ "$(sinfo -h -N -o %T | grep -c idle)" = 2 ]
}

# A node whose job died under it may be drained, which is for the administrator to end; that is us.
# shellcheck disable=SC2317 # until_ calls it
two_idle_again()
{
	for node in w1 w2; do
		scontrol update NodeName="$node" State=RESUME >/dev/null 2>&1 || :
	done
	two_idle
}

expect 0 "$WRINGER" suite run "$suite"
same parallel
same parallel --workers :

# By what parallel takes for ssh: a login starts in a shell with nothing of this one's environment.
cat >"$DIR/ssh" <<'END'
#!/bin/sh
while :; do
	case $1 in
	-l | -o | -p | -F) shift 2 ;;
	-*) shift ;;
	*) break ;;
	esac
done
echo "$1" >>"${0%/*}/ssh.hosts"
shift
[ "$1" != -- ] || shift
exec env -i HOME=/ PATH=/usr/bin:/bin:/usr/sbin SHELL=/bin/sh sh -c "$*"
END
chmod +x "$DIR/ssh"
export PARALLEL_SSH="$DIR/ssh"
rm -rf "$DIR/parallel"
same parallel --workers 1/one.test,1/root@two.test
for login in one.test two.test; do
	grep -q "$login" "$DIR/ssh.hosts" || fail "nothing was run at $login: $(cat "$DIR/ssh.hosts")"
done
unset PARALLEL_SSH

# A worker of parallel that is killed: its cell is given out again.
killed=$DIR/killed
WRINGER_RESULTS=$killed "$WRINGER" suite run "$suite" --farm parallel >"$DIR/out" 2>"$DIR/err" &
BACKGROUND=$!
until_ "no cell was begun" worker "$killed"
pid=$(worker "$killed")
kill -9 "$pid"
wait "$BACKGROUND" || fail "after a killed worker: $(cat "$DIR/err")"
BACKGROUND=
compare killed
pgrep -f "$killed/.spool" && fail "an emulator was left behind"

# Slurm, with two slurmd and everything of it in our own folder.
if ! mountpoint -q /sys/fs/cgroup; then
	echo "slurmd needs cgroups, and none are mounted at /sys/fs/cgroup; local and parallel were tried"
	exit 77
fi
export SLURM_CONF="$DIR/slurm.conf"
sock=$DIR/munge.sock
head -c 1024 /dev/urandom >"$DIR/munge.key"
chmod 400 "$DIR/munge.key"
chmod 755 "$DIR"
host=$(hostname -s)
mkdir -p "$DIR/state" "$DIR/spool1" "$DIR/spool2"
cat >"$SLURM_CONF" <<END
ClusterName=test
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=27817
AuthType=auth/munge
AuthInfo=socket=$sock
CredType=cred/munge
SlurmUser=root
SlurmdUser=root
StateSaveLocation=$DIR/state
SlurmdSpoolDir=$DIR/spool-%n
SlurmctldPidFile=$DIR/slurmctld.pid
SlurmdPidFile=$DIR/slurmd-%n.pid
SlurmctldLogFile=$DIR/slurmctld.log
SlurmdLogFile=$DIR/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SchedulerParameters=batch_sched_delay=0,sched_min_interval=100000
ReturnToService=2
KillWait=10
SlurmdParameters=config_overrides
NodeName=w1 NodeHostname=$host NodeAddr=127.0.0.1 Port=27818 CPUs=1 RealMemory=4000 State=UNKNOWN
NodeName=w2 NodeHostname=$host NodeAddr=127.0.0.1 Port=27819 CPUs=1 RealMemory=4000 State=UNKNOWN
PartitionName=nightly Nodes=w1,w2 Default=YES MaxTime=INFINITE State=UP
END
munged --foreground --force --key-file "$DIR/munge.key" --socket "$sock" --pid-file "$DIR/munge.pid" \
	--log-file "$DIR/munge.log" --seed-file "$DIR/munge.seed" >"$DIR/munged.out" 2>&1 &
daemons=$!
BACKGROUND=$daemons
until_ "munged does not start" munge -n --socket "$sock"
slurmctld -D -c >"$DIR/ctld.out" 2>&1 &
ctld=$!
BACKGROUND="$BACKGROUND $ctld"
for node in w1 w2; do
	slurmd -D -N $node >"$DIR/$node.out" 2>&1 &
	BACKGROUND="$BACKGROUND $!"
done
until_ "Slurm has no two idle nodes" two_idle
same slurm

# The controller is killed in mid-run and started again; the suite completes, nothing twice.
crash=$DIR/crash
WRINGER_RESULTS=$crash "$WRINGER" suite run "$suite" --farm slurm >"$DIR/out" 2>"$DIR/err" &
run=$!
BACKGROUND="$BACKGROUND $run"
until_ "nothing came in" sh -c "ls -d $crash/[0-9a-f]*"
kill -9 "$ctld"
pid=$(worker "$crash") || :
[ -z "$pid" ] || kill -9 "$pid"
sleep 2
slurmctld -D >"$DIR/ctld2.out" 2>&1 &
BACKGROUND="$BACKGROUND $!"
wait "$run" || fail "after a killed controller: $(cat "$DIR/err" "$crash/.cells/log")"
compare crash
pgrep -f "$crash/.spool" && fail "an emulator was left behind"
# What the old controller had not written down that it was over runs for ever for the new one, and holds its node.
scancel --user="$(id -un)"
until_ "Slurm has no two idle nodes again" two_idle_again

# What is there is not given out again.
WRINGER_RESULTS=$crash "$WRINGER" suite run "$suite" --farm slurm >"$DIR/out" 2>"$DIR/err" || fail "$(cat "$DIR/err")"
grep experiments, "$DIR/err" && fail "something was run again"
exit 0
