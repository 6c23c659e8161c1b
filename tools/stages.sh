# Sourced after setup.sh by tools/test and tools/check: named stages with budgets, and what several stages share.
#
# stage NAME BUDGET_SECONDS COMMAND...  runs one stage; its output goes to build/logs/NAME.log, the end of it is shown when
# it fails, and the next stage runs all the same. A budget is printed beside the time, never enforced.

stage_rows=()
stages_failed=0
rm -f "$log_folder"/{unit,python,e2e}.log  # of an earlier run

stage() {
  local name=$1 budget=$2 began=$SECONDS status=0 verdict=ok
  shift 2
  printf '%-12s ' "$name"
  set +e
  (set -e; "$@") > "$log_folder/$name.log" 2>&1
  status=$?
  set -e
  local seconds=$((SECONDS - began))
  [ "$seconds" -le "$budget" ] || verdict="over budget"
  [ "$status" -eq 0 ] || { verdict=FAILED; stages_failed=$((stages_failed + 1)); }
  printf '%5d s  %s\n' "$seconds" "$verdict"
  [ "$status" -eq 0 ] || { tail -n 80 "$log_folder/$name.log" | sed 's/^/    /'; }
  stage_rows+=("$(printf '%-12s %5d s of %4d s   %s' "$name" "$seconds" "$budget" "$verdict")")
}

# The closing lines of the test runners themselves, with the stage they belong to.
runner_summaries() {
  local log
  for log in "$log_folder"/{unit,python,e2e}.log; do
    [ ! -e "$log" ] || grep -E 'tests passed, |^=*[ ]?[0-9]+ (passed|failed|error)' "$log" | tail -n 1
  done
}

# Prints the table and the runners' summaries; exit status 1 when a stage failed.
finish_stages() {
  say
  printf '%s\n' "${stage_rows[@]}"
  printf '%-12s %5d s\n' "in all" "$SECONDS"
  runner_summaries
  [ "$stages_failed" -eq 0 ] || { say "$stages_failed failed; logs in ${log_folder#"$root"/}/"; exit 1; }
}

# What differs from main: committed on this branch, not committed, not yet added. On main itself: since the last commit but one.
changed_files() {
  local base
  base=$(git merge-base HEAD main 2>/dev/null || git rev-parse HEAD)
  if [ "$base" = "$(git rev-parse HEAD)" ]; then base=$(git rev-parse HEAD~1 2>/dev/null || git rev-parse HEAD); fi
  { git diff --name-only --diff-filter=d "$base"; git ls-files --others --exclude-standard; } | sort -u
}

check_format() {
  local wrong
  wrong=$(git ls-files '*.cc' '*.h' | xargs clang-format-19 --dry-run 2>&1 | sed -n 's/^\([^ :]*\.[ch]c*\):[0-9].*/\1/p' | sort -u)
  [ -z "$wrong" ] || { printf '%s\n' "not formatted (clang-format-19 -i):" $wrong; return 1; }
}

check_arrows() {
  tools/layers
  tools/print_edges --check
}

run_pytest() {
  .venv-test/bin/python -m pytest -q -p no:cacheprovider --durations=5 "$@"
}
