#!/usr/bin/env bash
# Makes a Python environment with kazoo, and the other packages that are named, in the
# folder that is given. A complete one is left alone, a half-made one is made again: the
# marker is written last.
set -euo pipefail
dir=${1:?usage: venv.sh DIR [PACKAGE...]}
shift
kazoo=2.10.0
what="kazoo $kazoo${*:+ $*}"

if [ "$(cat "$dir/complete" 2>/dev/null)" = "$what" ] && "$dir/bin/python" -c 'import kazoo' 2>/dev/null; then
  exit 0
fi
rm -rf "$dir"
python3 -m venv "$dir"
"$dir/bin/python" -m pip install --quiet --disable-pip-version-check "kazoo==$kazoo" "$@"
"$dir/bin/python" -c 'import kazoo'
echo "$what" > "$dir/complete"
