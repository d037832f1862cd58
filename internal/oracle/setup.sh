#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs the servers that `make oracle` compares with and `make test-gateways`
# tries fixes on: versitygw into the folder given, radosgw and its cluster from
# Debian's packages. With "optional" it does without radosgw where those cannot
# be installed.
set -eu
bin=${1:?usage: internal/oracle/setup.sh FOLDER [optional]}
versity=v1.8.0

if ! go version -m "$bin/versitygw" 2>/dev/null | grep -q "versitygw.*$versity"; then
	GOBIN=$bin go install "github.com/versity/versitygw/cmd/versitygw@$versity"
fi
missing=
for program in radosgw radosgw-admin ceph-mon ceph-osd ceph monmaptool; do
	command -v "$program" >/dev/null || missing="$missing $program"
done
if [ -n "$missing" ]; then
	if ! command -v apt-get >/dev/null || [ "$(id -u)" != 0 ]; then
		echo "missing:$missing. Install radosgw, ceph-mon, ceph-osd and ceph-common (as root on Debian: apt-get install)" >&2
		[ "${2:-}" = optional ] || exit 1
		echo "skipped: what needs radosgw" >&2
		exit 0
	fi
	apt-get update -qq
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends radosgw ceph-mon ceph-osd ceph-common
fi
