// SPDX-License-Identifier: Apache-2.0

package oracle

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// OwnerAccount is the account of the owner of the buckets, where the server
// knows accounts.
const OwnerAccount = "111122223333"

// radosgwPrograms are what a cluster of one needs: Debian's packages ceph-mon,
// ceph-osd, ceph-common and radosgw.
var radosgwPrograms = []string{"monmaptool", "ceph-mon", "ceph-osd", "ceph", "radosgw-admin", "radosgw"}

// RadosgwMissing says why radosgw cannot be started; nil when it can.
func RadosgwMissing() error {
	for _, name := range radosgwPrograms {
		if _, err := exec.LookPath(name); err != nil {
			return fmt.Errorf("radosgw: %w; install it with internal/oracle/setup.sh", err)
		}
	}
	return nil
}

// cephConfig is a cluster of one monitor and one store in memory, which trusts
// everybody on loopback. Without authentication every ms mode must be crc, or
// nothing connects. %[1]s is the folder, %[2]s the monitor's address, %[3]s that
// of radosgw.
const cephConfig = `[global]
fsid = 5f1e4a3c-7f3b-4c53-9d7e-0d9c2b1a4e10
mon host = [v2:%[2]s]
auth cluster required = none
auth service required = none
auth client required = none
ms cluster mode = crc
ms service mode = crc
ms client mode = crc
ms mon cluster mode = crc
ms mon service mode = crc
ms mon client mode = crc
ms bind msgr1 = false
public addr = 127.0.0.1
cluster addr = 127.0.0.1
public network = 127.0.0.0/8
cluster network = 127.0.0.0/8
keyring = /dev/null
run dir = %[1]s
admin socket = %[1]s/$name.asok
log file = %[1]s/$name.log
mon data = %[1]s/mon
mon data avail crit = 0
mon allow pool size one = true
mon max pg per osd = 1000
osd data = %[1]s/osd
osd objectstore = memstore
memstore device bytes = 536870912
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
rgw data = %[1]s/rgw
rgw frontends = beast endpoint=%[3]s tcp_nodelay=1
rgw enable apis = s3
rgw remote addr param = HTTP_X_FORWARDED_FOR
rgw trust forwarded https = true
`

// StartRadosgw runs a Ceph cluster of one and radosgw over it until the test
// ends; that takes some ten seconds. The accounts of AWS are tenants here. The
// test is skipped where a program is missing.
func StartRadosgw(t testing.TB) *Server {
	t.Helper()
	if err := RadosgwMissing(); err != nil {
		t.Skip(err)
	}
	dir := t.TempDir()
	for _, name := range []string{"mon", "osd", "rgw"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	monitor, addr := freePort(t), freePort(t)
	conf := filepath.Join(dir, "ceph.conf")
	if err := os.WriteFile(conf, fmt.Appendf(nil, cephConfig, dir, monitor, addr), 0o600); err != nil {
		t.Fatal(err)
	}
	startCluster(t, dir, conf, monitor)
	s := &Server{Name: "radosgw", Version: cephVersion(run(t, "radosgw", "--version")), URL: "http://" + addr, ForwardedFor: true}
	add := func(t testing.TB, account, name string, more ...string) User {
		u := User{Account: account, Name: name, Access: strings.ToUpper(name) + account, Secret: name + "-secret"}
		args := []string{"-c", conf, "user", "create", "--tenant", u.Account, "--uid", u.Name, "--display-name", u.Name,
			"--access-key", u.Access, "--secret-key", u.Secret}
		run(t, "radosgw-admin", append(args, more...)...)
		return u
	}
	s.addUser = func(t testing.TB, account, name string) User { return add(t, account, name) }
	s.Owner, s.Admin = add(t, OwnerAccount, "owner"), add(t, OwnerAccount, "admin", "--system")
	start(t, "radosgw", "-f", "-n", "client.rgw", "-c", conf).await(t, "answer", s.answers)
	return s
}

// startCluster makes the monitor's map by hand: it may not listen on the usual
// ports.
func startCluster(t testing.TB, dir, conf, monitor string) {
	t.Helper()
	monmap := filepath.Join(dir, "monmap")
	run(t, "monmaptool", "-c", os.DevNull, "--create", "--fsid", "5f1e4a3c-7f3b-4c53-9d7e-0d9c2b1a4e10", "--addv", "a", "[v2:"+monitor+"]", monmap)
	run(t, "ceph-mon", "--mkfs", "-i", "a", "-c", conf, "--monmap", monmap)
	start(t, "ceph-mon", "-f", "-i", "a", "-c", conf)
	run(t, "ceph", "-c", conf, "osd", "create")
	run(t, "ceph-osd", "--mkfs", "-i", "0", "-c", conf)
	start(t, "ceph-osd", "-f", "-i", "0", "-c", conf).await(t, "store in the cluster", func() bool {
		return strings.Contains(run(t, "ceph", "-c", conf, "osd", "stat"), "1 up")
	})
}

func cephVersion(text string) string {
	if words := strings.Fields(text); len(words) > 2 {
		return words[2]
	}
	return strings.TrimSpace(text)
}
