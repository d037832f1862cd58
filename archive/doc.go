// SPDX-License-Identifier: Apache-2.0

// Package archive keeps every CloudTrail record, not only those of Amazon S3,
// as Parquet files in folders of one account and one day. The folders are named
// as Hive names them, so DuckDB, Trino, Amazon Athena and Spark read them too.
//
// A manifest of its own says which files belong to the archive, what each holds
// and which log objects were read. Every change is one new segment of the
// manifest, which appears by a rename: a killed process leaves the archive as it
// was before or after a change.
package archive
