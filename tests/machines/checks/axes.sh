# Are the automatic axes of a large machine reasonable, and is a cell with a thread on every CPU measured?
. /checks/lib.sh

cpus=$(nproc)
oversub sweep --dry-run > plan 2>&1 || is "exit code of the dry run" 0 $?
sed -n 's/.*outer=\([0-9]*\) inner=\([0-9]*\).*/\1 \2/p' plan > cells
is "one thread each is a cell" "1 1" "$(grep -x '1 1' cells | sort -u)"
is "outer = P is a cell" "$cpus 1" "$(grep -x "$cpus 1" cells | sort -u)"
is "inner = P is a cell" "1 $cpus" "$(grep -x "1 $cpus" cells | sort -u)"
holds "at most 200 cells" test "$(sort -u cells | wc -l)" -le 200

# Its threads block when they wait: those that spin want all CPUs at once, and the emulator has two.
sweep run --wait passive --outer 1 --inner 1,"$cpus" --tasks 2 --rounds 1 --reps 1
is "status of every sample" "2 ok" "$(outcomes run)"
is "threads of the wide cell" "$cpus" "$(column run/samples.csv threads | sort -n | tail -n 1)"
