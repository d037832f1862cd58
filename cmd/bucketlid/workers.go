// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strconv"

	"github.com/spf13/pflag"
)

// maxWorkers is the most objects read at once: each worker has buffers and a
// ledger of its own, and none gains where there are far more of them than CPUs.
const maxWorkers = 1024

// workers is the value of --workers.
type workers struct{ n *int }

// addWorkers adds --workers, whose value goes to n: 0 to maxWorkers.
func addWorkers(flags *pflag.FlagSet, n *int, usage string) {
	flags.Var(workers{n}, "workers", usage)
}

func (w workers) Set(text string) error {
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > maxWorkers {
		return fmt.Errorf("give a whole number from 1 to %d, or 0 for one for each CPU", maxWorkers)
	}
	*w.n = n
	return nil
}

func (w workers) String() string {
	if w.n == nil {
		return "0"
	}
	return strconv.Itoa(*w.n)
}

func (w workers) Type() string { return "int" }
