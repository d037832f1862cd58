// SPDX-License-Identifier: Apache-2.0

package accesslog

import "github.com/bucketlid/bucketlid/policy"

// operation says what a request of a kind does with the bucket.
type operation struct {
	access  policy.Access
	content bool // moves the content of an object, and does not only ask for it
}

// operations are those that show the use of an opening (semantics F.1). What is
// not listed, such as reading a bucket's settings or a browser's preflight, is
// not counted. REST.COPY.OBJECT_GET is the half of a copy that reads: S3 writes
// a line of its own for it.
var operations = map[string]operation{
	"REST.GET.OBJECT":            {policy.Read, true},
	"REST.HEAD.OBJECT":           {policy.Read, false},
	"WEBSITE.GET.OBJECT":         {policy.Read, true},
	"WEBSITE.HEAD.OBJECT":        {policy.Read, false},
	"REST.GET.OBJECT_TAGGING":    {policy.Read, false},
	"REST.GET.OBJECT_ATTRIBUTES": {policy.Read, false},
	"REST.GET.TORRENT":           {policy.Read, true},
	"REST.COPY.OBJECT_GET":       {policy.Read, true},
	"REST.COPY.PART_GET":         {policy.Read, true},
	"SOAP.GetObject":             {policy.Read, true},

	"REST.GET.BUCKET":         {policy.List, false},
	"REST.GET.BUCKETVERSIONS": {policy.List, false},
	"REST.GET.UPLOADS":        {policy.List, false},
	"REST.GET.UPLOAD":         {policy.List, false},
	"REST.HEAD.BUCKET":        {policy.List, false},
	"SOAP.ListBucket":         {policy.List, false},

	"REST.PUT.OBJECT":   {policy.Write, true},
	"REST.POST.OBJECT":  {policy.Write, true},
	"REST.PUT.PART":     {policy.Write, true},
	"REST.POST.UPLOADS": {policy.Write, true},
	"REST.POST.UPLOAD":  {policy.Write, true},
	"REST.COPY.OBJECT":  {policy.Write, true},
	"REST.COPY.PART":    {policy.Write, true},
	"SOAP.PutObject":    {policy.Write, true},

	"REST.DELETE.OBJECT":            {policy.Delete, true},
	"REST.POST.MULTI_OBJECT_DELETE": {policy.Delete, true},
	"BATCH.DELETE.OBJECT":           {policy.Delete, true},
	"SOAP.DeleteObject":             {policy.Delete, true},

	"REST.GET.ACL":        {policy.ACLRead, true},
	"REST.GET.OBJECT_ACL": {policy.ACLRead, true},
	"REST.PUT.ACL":        {policy.ACLWrite, true},
	"REST.PUT.OBJECT_ACL": {policy.ACLWrite, true},
}
