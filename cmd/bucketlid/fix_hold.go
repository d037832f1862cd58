// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/bucketlid/bucketlid/account"
)

// hold keeps other runs of this user on this machine, of fix and of guard, from
// changing the same bucket or account, by whatever plan, until release. bucket is
// "" where only an account's settings are changed. Runs of other machines notice
// each other by the state.
func hold(notes io.Writer, bucket string, list []account.Call) (release func(), err error) {
	var held []func()
	release = func() {
		for _, free := range held {
			free()
		}
	}
	for _, name := range targets(bucket, list) {
		free, ok, err := lockTarget(name)
		switch {
		case err != nil:
			fmt.Fprintf(notes, "other runs on this machine are not kept from %s: %v\n", plain(name), err)
		case !ok:
			release()
			return nil, &exitError{exitFailed, "another run changes " + name + " right now", "wait for it to end, then make a new plan"}
		default:
			held = append(held, free)
		}
	}
	return release, nil
}

// targets are a plan's bucket, and its account where a call changes that.
func targets(bucket string, list []account.Call) []string {
	var out []string
	if bucket != "" {
		out = append(out, bucket)
	}
	for _, c := range list {
		if name := "account-" + c.Account; c.Bucket == "" && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

// lockTarget locks the file of a bucket or account in the user's cache folder.
func lockTarget(name string) (release func(), ok bool, err error) {
	folder, err := os.UserCacheDir()
	if err != nil {
		return nil, false, err
	}
	folder = filepath.Join(folder, "bucketlid", "locks")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, false, err
	}
	return lockFile(filepath.Join(folder, filepath.Base(name)+".lock"))
}
