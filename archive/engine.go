// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"context"
	"database/sql"
)

// Engine answers SQL over one view, records, which has the columns of Columns
// and of PartitionColumns. The same text runs on every engine.
type Engine interface {
	// Query runs one SELECT (also WITH … SELECT, DESCRIBE and SUMMARIZE). Of
	// everything else a *NotSelectError is returned, before anything runs. The
	// end of ctx stops the query. The caller closes the rows.
	Query(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	// Close frees what the engine holds.
	Close() error
}

// NotSelectError says that a text is not one SELECT.
type NotSelectError struct{ Reason string }

// Error gives the reason and what is possible.
func (e *NotSelectError) Error() string {
	return "not a query: " + e.Reason + "; one SELECT over the view records is possible"
}
