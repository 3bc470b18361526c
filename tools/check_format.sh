#!/usr/bin/env bash
# Fails when a source file differs from what clang-format makes of it (clang-format 14 of Debian 12).
set -eu
command -v clang-format >/dev/null || { echo "clang-format is not installed: apt-get install clang-format" >&2; exit 1; }
git ls-files '*.h' '*.cpp' | xargs clang-format --dry-run --Werror
echo "sources are formatted"
