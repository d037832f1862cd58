#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Installs Prowler into a virtual environment of its own, outside the tree, and
# runs compare.py beside this file with it. Prints Markdown. See README.md.
set -euo pipefail

PROWLER=${PROWLER:-5.46.0}
RUNS=${RUNS:-1}
MORE=${MORE:-0} # empty buckets beside the cases
CACHE=${CACHE:-${TMPDIR:-/tmp}/bucketlid-bench}

here=$(cd "$(dirname "$0")" && pwd)
repo=$(cd "$here/.." && pwd)
venv=$CACHE/prowler-$PROWLER
moto=${BUCKETLID_MOTO:-$repo/.venv/bin/moto_server}
[ -x "$moto" ] || { echo "compare: moto_server is missing: make test installs it, or set BUCKETLID_MOTO" >&2; exit 1; }

if [ ! -x "$venv/bin/prowler" ]; then
	mkdir -p "$CACHE"
	python3 -m venv "$venv"
	"$venv/bin/pip" install --quiet --disable-pip-version-check "prowler==$PROWLER"
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
(cd "$repo" && go build -o "$work/bucketlid" ./cmd/bucketlid)
"$venv/bin/python" "$here/compare.py" --bucketlid "$work/bucketlid" --prowler "$venv/bin/prowler" --moto "$moto" --runs "$RUNS" --more "$MORE"
