// SPDX-License-Identifier: Apache-2.0

package oracle

import (
	"os/exec"
	"syscall"
)

// dieWithParent has the kernel end the program when the test's process is
// killed, since no cleanup runs then.
func dieWithParent(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
