#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Each thing that module/compat asks the headers: the module is compiled against a
# copy of a kernel's headers in which exactly that declaration is as on the other
# kernels, as a distribution that ports back has it. Nothing of it is run.
# SUD itself is not among them: to change that is to change the kernel.
# shellcheck disable=SC2016,SC2089,SC2090
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../../scripts/lib.sh"
. "$tree/scripts/ktap.sh"

# In the root of a kernel, as root, and what it changes is forgotten.
if [ "${1:-}" = inside ]; then
	set +e
	line=$2 ktap_n=$3
	headers=$(echo /usr/src/linux-headers-*-common)
	kernel=$(echo /lib/modules/*/build)
	work=/tmp/probes
	log=$work/log
	ftrace=$headers/include/linux/ftrace.h
	asm_ftrace=$headers/arch/x86/include/asm/ftrace.h
	vdso=$headers/arch/x86/include/asm/vdso.h
	sched=$headers/include/trace/events/sched.h
	newtask=$headers/include/trace/events/task.h
	symvers=$kernel/Module.symvers
	mkdir -p $work

	# change FILE PERL    edits it, which must change something
	change()
	{
		[ -e "$1.was" ] || cp "$1" "$1.was"
		perl -0pi -e "$2" "$1"
		! cmp -s "$1" "$1.was"
	}

	# compiled FILE [MACRO]    it compiles without a warning, with that macro or,
	# as -MACRO, without
	compiled()
	{
		local cmd=$work/module/.$1.o.cmd
		rm -rf "$work/module" "$work/include"
		cp -r module include "$work/"
		make -s -C "$kernel" M="$work/module" "$1.o" >$log 2>&1 &&
			! grep -q -i 'warning: ' $log || return 1
		case ${2:-} in
		-*) ! grep -q -e "-DSUD_${2#-}\\b" "$cmd" ;;
		?*) grep -q -e "-DSUD_$2\\b" "$cmd" ;;
		esac
	}

	# has FILE SYMBOL    the object that was compiled last has that function
	has() { nm "$work/module/$1.o" | grep -q " t $2\$"; }

	# answer WHAT    the last status is a test's, and the headers are as they were
	answer()
	{
		local status=$?
		result $status "$line: $1"
		find "$headers" "$kernel/" -name '*.was' | while read -r f; do
			mv "$f" "${f%.was}"
		done
	}

	exit_plain='DEFINE_EVENT(sched_process_template, sched_process_exit,
	TP_PROTO(struct task_struct *p), TP_ARGS(p));'
	exit_group='TRACE_EVENT(sched_process_exit,
	TP_PROTO(struct task_struct *p, bool group_dead), TP_ARGS(p, group_dead),
	TP_STRUCT__entry(__field(bool, group_dead)),
	TP_fast_assign(__entry->group_dead = group_dead;),
	TP_printk("%d", __entry->group_dead));'
	export exit_plain exit_group

	case $line in
	5.10)
		change "$ftrace" 's/typedef void \(\*ftrace_func_t\)/struct ftrace_regs { struct pt_regs regs; };\n#define ftrace_get_regs(f) (&(f)->regs)\n$&/;
			s/(ftrace_func_t\)[^;]*)struct pt_regs \*regs/$1struct ftrace_regs *fregs/' &&
			compiled guard HAVE_FTRACE_REGS && compiled prctl
		answer "callbacks with a struct ftrace_regs"
		change "$vdso" 's/(long sym___kernel_rt_sigreturn;)/$1 long sym_vdso32_sigreturn_landing_pad, sym_vdso32_rt_sigreturn_landing_pad;/' &&
			compiled dispatch HAVE_LANDING_PADS
		answer "landing pads in the 32-bit vDSO"
		change "$symvers" 's/$/\n0x00000000\tftrace_free_filter\tvmlinux\tEXPORT_SYMBOL_GPL\t\n/' &&
			compiled guard HAVE_FREE_FILTER
		answer "ftrace_free_filter() for modules"
		change "$headers/include/linux/page-flags.h" 's/PAGE_TYPE_OPS\(Kmemcg, kmemcg\)/PAGEFLAG_FALSE(Kmemcg)/' &&
			compiled area -CHARGED_PAGE_HAS_TYPE
		answer "pages that can be charged and mapped"
		;;
	6.1)
		change "$ftrace" 's/\bftrace_regs\b/other_regs/g;
			s/(ftrace_func_t\)[^;]*)struct other_regs \*fregs/$1struct pt_regs *regs/' &&
			change "$asm_ftrace" 's/\bftrace_regs\b/other_regs/g' &&
			change "$headers/include/linux/kprobes.h" 's/\bftrace_regs\b/other_regs/g' &&
			compiled guard -HAVE_FTRACE_REGS && compiled prctl
		answer "callbacks with a struct pt_regs"
		change "$vdso" 's/long sym_vdso32_(rt_)?sigreturn_landing_pad;//g' &&
			compiled dispatch -HAVE_LANDING_PADS
		answer "no landing pads in the 32-bit vDSO"
		change "$ftrace" 's/(register_ftrace_direct\()unsigned long ip, unsigned long addr\);/$1struct ftrace_ops *ops, unsigned long addr, bool free_filters);/g;
			s/(int register_ftrace_direct\(struct ftrace_ops \*ops, unsigned long addr), bool free_filters/$1/' &&
			compiled hook DIRECT_BY_OPS
		answer "direct calls by ftrace_ops, as in RHEL 9"
		change "$symvers" 's/.*\tftrace_free_filter\t.*\n//' &&
			compiled guard -HAVE_FREE_FILTER
		answer "ftrace_free_filter() not for modules"
		;;
	6.12)
		change "$ftrace" 's/(register_ftrace_direct\()struct ftrace_ops \*ops, unsigned long addr,\s*bool free_filters\)/$1unsigned long ip, unsigned long addr)/g;
			s/(register_ftrace_direct\()struct ftrace_ops \*ops, unsigned long addr\)/$1unsigned long ip, unsigned long addr)/g' &&
			compiled hook -DIRECT_BY_OPS
		answer "direct calls by address"
		change "$ftrace" 's/(ftrace_ops_func_t\)\(struct ftrace_ops \*op)/$1, unsigned long ip/' &&
			compiled hook && has hook sud_ftrace_share_at
		answer "an ops_func that gets an address"
		change "$sched" 's/DEFINE_EVENT\(sched_process_template, sched_process_exit,.*?\)\);/$ENV{exit_group}/s' &&
			compiled lifecycle && has lifecycle on_exit_group
		answer "a sched_process_exit with group_dead"
		change "$newtask" 's/(task_struct \*task, )unsigned long clone_flags/$1u64 clone_flags/' &&
			compiled lifecycle && has lifecycle on_fork_u64
		answer "a task_newtask with 64-bit flags"
		;;
	7.3)
		change "$ftrace" 's/(ftrace_ops_func_t\)\(struct ftrace_ops \*op), unsigned long ip/$1/' &&
			compiled hook && has hook sud_ftrace_share
		answer "an ops_func that gets no address"
		change "$sched" 's/TRACE_EVENT\(sched_process_exit,.*?\n\);/$ENV{exit_plain}/s' &&
			compiled lifecycle && has lifecycle on_exit_task
		answer "a sched_process_exit without group_dead"
		change "$newtask" 's/u64 clone_flags/unsigned long clone_flags/' &&
			compiled lifecycle && has lifecycle on_fork_long
		answer "a task_newtask with the flags in a long"
		change "$headers/include/linux/sched.h" 's/$/\n#undef CONFIG_SYSCALL_USER_DISPATCH\n/' &&
			! compiled dispatch &&
			grep -q 'error: #error "sud needs a kernel with CONFIG_SYSCALL_USER_DISPATCH=y"' $log
		answer "SUD left out: an error says so by the option's name"
		;;
	esac
	echo "done $ktap_n"
	exit 0
fi

for line in 5.10 6.1 6.12 7.3; do
	case " ${KERNELS:-$all_kernels} " in
	*" $line "*) ;;
	*) continue ;;
	esac
	out=$(timeout -k 10 600 "$tree/scripts/roots/in-root" --root --scratch \
		"$line" tests/host/probes.sh inside "$line" "$ktap_n" 2>&1) || true
	printf '%s\n' "$out" | grep -E '^(# |ok |not ok )' || true
	if printf '%s\n' "$out" | grep -q '^not ok'; then
		ktap_failed=1
	fi
	n=$(printf '%s\n' "$out" | sed -n 's/^done //p')
	if [ -z "$n" ]; then
		printf '%s\n' "$out" | tail -n 20 | sed 's/^/# /'
		result 1 "$line: all of its tests ran"
	fi
	ktap_n=${n:-$ktap_n}
done
finished
