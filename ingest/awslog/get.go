// SPDX-License-Identifier: Apache-2.0

package awslog

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// resumes is how often a download that breaks off is taken up again.
const resumes = 3

// Get opens an object. The bytes are the stored ones, whatever encoding the
// object's metadata names. A download that breaks off is taken up again where
// it stopped, at most three times, as long as the object was not replaced. A
// refusal is a *PermissionError.
func (b *Bucket) Get(ctx context.Context, key Key) (io.ReadCloser, error) {
	d := &download{ctx: ctx, b: b, key: key}
	if err := d.open(); err != nil {
		return nil, err
	}
	return d, nil
}

// Metadata asks for the metadata of an object's owner, with names in lower case
// and without x-amz-meta-. A refusal is a *PermissionError.
func (b *Bucket) Metadata(ctx context.Context, key Key) (map[string]string, error) {
	out, err := b.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &b.name, Key: &key.Name})
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, refusal(err, "s3://"+b.name+"/"+key.Name, "s3:GetObject")
	}
	meta := make(map[string]string, len(out.Metadata))
	for name, value := range out.Metadata {
		meta[strings.ToLower(name)] = value
	}
	return meta, nil
}

// download is the body of an object over one or more requests.
type download struct {
	ctx    context.Context
	b      *Bucket
	key    Key
	body   io.ReadCloser
	off    int64  // bytes delivered
	size   int64  // of the whole object, -1 when not told
	etag   string // of the first answer
	broken int    // times taken up again
	err    error
}

func (d *download) open() error {
	in := &s3.GetObjectInput{Bucket: &d.b.name, Key: &d.key.Name}
	if d.off > 0 {
		in.Range = aws.String(fmt.Sprintf("bytes=%d-", d.off))
	}
	if d.etag != "" {
		in.IfMatch = &d.etag
	}
	out, err := d.b.client.GetObject(d.ctx, in)
	if err != nil {
		if d.ctx.Err() != nil {
			return d.ctx.Err()
		}
		return refusal(err, "s3://"+d.b.name+"/"+d.key.Name, "s3:GetObject")
	}
	if d.off == 0 {
		d.etag = aws.ToString(out.ETag)
		d.size = -1
		if out.ContentLength != nil {
			d.size = *out.ContentLength
		}
	} else if out.ContentRange == nil {
		// The server has no ranges and starts anew.
		if _, err := io.CopyN(io.Discard, out.Body, d.off); err != nil {
			out.Body.Close()
			return err
		}
	}
	d.body = out.Body
	return nil
}

// Read gives the next bytes, over as many requests as it takes.
func (d *download) Read(p []byte) (int, error) {
	if d.err != nil {
		return 0, d.err
	}
	n, err := d.body.Read(p)
	d.off += int64(n)
	if err == io.EOF && d.size >= 0 && d.off < d.size {
		err = io.ErrUnexpectedEOF
	}
	if err == nil || err == io.EOF {
		d.err = err
		return n, err
	}
	d.err = d.resume(err)
	return n, d.err
}

// resume asks for the rest, and gives the error that is left when that fails. A
// body that is complete and fails all the same did not match its checksum.
func (d *download) resume(cause error) error {
	for ; d.broken < resumes && (d.size < 0 || d.off < d.size); d.broken++ {
		if d.ctx.Err() != nil {
			return d.ctx.Err()
		}
		d.body.Close()
		err := d.open()
		if err == nil {
			d.broken++
			return nil
		}
		cause = err
		if final := status(err); final == http.StatusPreconditionFailed || final == http.StatusNotFound {
			cause = errors.New("the object was replaced or deleted meanwhile")
			break
		}
	}
	if d.ctx.Err() != nil {
		return d.ctx.Err()
	}
	return fmt.Errorf("download stopped at byte %d: %w", d.off, cause)
}

// Close ends the download.
func (d *download) Close() error { return d.body.Close() }
