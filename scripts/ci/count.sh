#!/usr/bin/env bash
# Prints how many tests passed, failed and were skipped, and which were skipped. The
# results of the runs before are cached, so that it runs little again.
set -euo pipefail
cd "$(dirname "$0")/../.."
CGO_ENABLED=0 go test -timeout 10m -v ./... | awk '
  /^ *--- PASS/ { pass++ }
  /^ *--- FAIL/ { fail++ }
  /^ *--- SKIP/ { skip++; skipped = skipped "\n  " $3 }
  END { printf "tests: %d passed, %d failed, %d skipped%s\n", pass, fail, skip, skipped; exit fail > 0 }'
