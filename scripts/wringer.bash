# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Completion for wringer.  Commands, options and names are asked from the program itself.

# Names of guests, policies or scenarios: the first column, without a heading.
_wringer_names()
{
	"$1" show "$2" 2>/dev/null | awk '$1 != "name" && $1 != "NAME" && $1 != "" { print $1 }'
}

# What may follow the option $2; nothing when that takes no known names.
_wringer_values()
{
	case $2 in
	-g | --guest) _wringer_names "$1" guests ;;
	-p | --policy) _wringer_names "$1" policies ;;
	-s | --scenario)
		echo all
		_wringer_names "$1" scenarios
		;;
	-e | --engine) printf '%s\n' exact kvm fast ;;
	--by) printf '%s\n' kernel guest policy scenario engine ;;
	--farm) printf '%s\n' local parallel slurm ;;
	-f | --format)
		case ${COMP_WORDS[1]-} in
		export) printf '%s\n' ktap junit kcidb openmetrics ;;
		refs) printf '%s\n' csv twitter libcachesim ;;
		esac
		;;
	--at) printf '%s\n' start failure ;;
	-k | --kernel) echo newest ;;
	esac
}

# Operands of a command.
_wringer_operands()
{
	case $1 in
	cache) printf '%s\n' list trim clear ;;
	kernel) printf '%s\n' list fetch show build ;;
	scenario) printf '%s\n' list show check keys ;;
	show) printf '%s\n' guests policies scenarios suites workloads layers guest policy scenario suite ;;
	suite) printf '%s\n' plan run status ;;
	esac
}

_wringer()
{
	local program=$1 word=$2 previous=$3 command=${COMP_WORDS[1]-} values list=

	COMPREPLY=()
	if [ "$COMP_CWORD" -eq 1 ]; then
		mapfile -t COMPREPLY < <(compgen -W "$("$program" --list-options 2>/dev/null)" -- "$word")
		return
	fi
	values=$(_wringer_values "$program" "$previous")
	if [ -n "$values" ]; then
		# Lists are comma-separated: complete what is behind the last comma.
		case $word in
		*,*) list=${word%,*}, ;;
		esac
		mapfile -t COMPREPLY < <(compgen -P "$list" -W "$values" -- "${word##*,}")
		return
	fi
	case $previous in
	-o | --results)
		mapfile -t COMPREPLY < <(compgen -d -- "$word")
		return
		;;
	esac
	if [[ $word == -* ]]; then
		values=$("$program" --list-options "$command" 2>/dev/null | cut -f 1)
		mapfile -t COMPREPLY < <(compgen -W "$values --help" -- "$word")
		return
	fi
	case "$command ${COMP_WORDS[2]-}" in
	'show guest') values=$(_wringer_names "$program" guests) ;;
	'show policy') values=$(_wringer_names "$program" policies) ;;
	'show scenario' | 'scenario show' | 'scenario check') values=$(_wringer_names "$program" scenarios) ;;
	esac
	if [ -z "$values" ] || [ "$COMP_CWORD" -eq 2 ]; then
		values=$(_wringer_operands "$command")
	fi
	mapfile -t COMPREPLY < <(compgen -W "$values" -- "$word")
}

complete -o default -F _wringer wringer
