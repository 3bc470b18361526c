#!/usr/bin/env bash
# Runs every libFuzzer target of a build folder for FUZZ_SECONDS each; the corpus grows in build/fuzz/corpus.
set -u
build=$1
seconds=${FUZZ_SECONDS:-60}
passed=0 failed=0
for target in $(find "$build" -name '*_fuzz' -type f -executable | sort); do
  name=$(basename "$target")
  corpus=$build/corpus/$name
  mkdir -p "$corpus"
  seeds=tests/fuzz/seeds/${name%_fuzz}
  echo "== $name, $seconds s"
  if "$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=0 -verbosity=0 \
      -artifact_prefix="$build/" "$corpus" $([ -d "$seeds" ] && echo "$seeds"); then
    passed=$((passed + 1))
  else
    echo "FAILED: $name"
    failed=$((failed + 1))
  fi
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
