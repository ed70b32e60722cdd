#!/usr/bin/env bash
# Generates everything again and fails if that changed, added or removed a file: committed generated code must be what its
# inputs give. Compares the tree before and after, so that work not committed yet does not matter.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

snapshot() {
  git ls-files -z --cached --others --exclude-standard | sort -zu | while IFS= read -r -d '' file; do
    [[ -f $file ]] && sha256sum "$file"
  done || true # the last file may be one that was deleted
}

git rev-parse --git-dir >/dev/null || { echo 'generate-check: this needs a git checkout' >&2; exit 1; }
before=$(snapshot)
make --no-print-directory generate
after=$(snapshot)
if [[ $before != "$after" ]]; then
  echo 'generate-check: generated code is not what its inputs give; run `make generate` and commit these files:' >&2
  diff <(printf '%s\n' "$before") <(printf '%s\n' "$after") | awk '/^[<>]/ { print "  " $3 }' | sort -u >&2 || true
  git status --porcelain >&2
  exit 1
fi
echo 'generate-check: generated code is up to date'
