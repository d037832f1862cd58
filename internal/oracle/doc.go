// SPDX-License-Identifier: Apache-2.0

// Package oracle starts S3 servers that enforce access, so that what package
// policy says of a request can be held against what a server does with it.
// Neither server is AWS: docs/oracle.md says where each misleads. A test that
// asks for a server is skipped where its programs are missing; setup.sh
// installs them.
package oracle
