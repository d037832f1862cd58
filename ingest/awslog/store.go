// SPDX-License-Identifier: Apache-2.0

package awslog

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"os"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// Store keeps objects below a prefix of a bucket.
type Store struct {
	bucket *Bucket
	prefix string // "", or with a slash at its end
	taken  error
}

// OpenStore signs in as Open does. The prefix may be empty of objects. taken is
// what Put returns where an object of the name is there already.
func OpenStore(ctx context.Context, c Config, taken error) (*Store, error) {
	prefix := strings.Trim(c.Prefix, "/")
	c.Prefix = ""
	b, err := Open(ctx, c)
	if err != nil {
		return nil, err
	}
	if prefix != "" {
		prefix += "/"
	}
	return &Store{b, prefix, taken}, nil
}

// String is the place as people write it.
func (s *Store) String() string {
	return strings.TrimSuffix("s3://"+s.bucket.name+"/"+s.prefix, "/")
}

// List tells the size of every object whose name below the store's prefix
// begins with prefix.
func (s *Store) List(ctx context.Context, prefix string) (map[string]int64, error) {
	out := map[string]int64{}
	whole := func(string) Scope { return Whole }
	err := s.bucket.List(ctx, s.prefix+prefix, whole, func(k Key) error {
		out[strings.TrimPrefix(k.Name, s.prefix)] = k.Size
		return nil
	})
	return out, err
}

// Get opens an object. The error is fs.ErrNotExist where there is none, or as
// of Bucket.Get.
func (s *Store) Get(ctx context.Context, name string) (io.ReadCloser, error) {
	content, err := s.bucket.Get(ctx, Key{Name: s.prefix + name})
	var none *types.NoSuchKey
	if errors.As(err, &none) || status(err) == http.StatusNotFound {
		return nil, fs.ErrNotExist
	}
	return content, err
}

// Put writes an object; with onlyNew not in the place of another ("Add
// preconditions to S3 operations with conditional requests", Amazon S3 User
// Guide).
func (s *Store) Put(ctx context.Context, name string, content *os.File, onlyNew bool) error {
	in := &s3.PutObjectInput{Bucket: &s.bucket.name, Key: aws.String(s.prefix + name), Body: content}
	if onlyNew {
		in.IfNoneMatch = aws.String("*")
	}
	_, err := s.bucket.client.PutObject(ctx, in)
	switch status(err) {
	case http.StatusPreconditionFailed, http.StatusConflict:
		return s.taken
	}
	if err != nil {
		return refusal(err, "s3://"+s.bucket.name+"/"+s.prefix+name, "s3:PutObject")
	}
	return nil
}

// Delete removes an object.
func (s *Store) Delete(ctx context.Context, name string) error {
	_, err := s.bucket.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &s.bucket.name, Key: aws.String(s.prefix + name)})
	if err != nil {
		return refusal(err, "s3://"+s.bucket.name+"/"+s.prefix+name, "s3:DeleteObject")
	}
	return nil
}
