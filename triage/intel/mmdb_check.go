// SPDX-License-Identifier: Apache-2.0

package intel

import (
	"errors"
	"fmt"
	"slices"

	"github.com/oschwald/maxminddb-golang/v2"
)

// separatorSize is the number of zero bytes between tree and data (MaxMind DB
// File Format Specification 2.0, "Data Section Separator").
const separatorSize = 16

// maxChecked bounds the records that are decoded to see whether they can be:
// what lies beyond is named when it is looked up.
const maxChecked = 1 << 16

// treeCheck walks a database's search tree once. A file that was damaged on its
// way opens as long as its last bytes are whole, and then answers at random.
type treeCheck struct {
	content []byte
	reader  *maxminddb.Reader
	nodes   uint
	size    uint // bits of a record
	data    uint // bytes of the data section
	path    []uint
	visited []uint64
	seen    []uint64 // offsets of data
	checked int
}

// checkTree reports what is wrong with a database's structure.
func checkTree(reader *maxminddb.Reader, content []byte) error {
	meta := reader.Metadata
	c := &treeCheck{content: content, reader: reader, nodes: meta.NodeCount, size: meta.RecordSize}
	tree := c.nodes * c.size / 4
	switch {
	case meta.IPVersion != 4 && meta.IPVersion != 6:
		return fmt.Errorf("it is for IP version %d", meta.IPVersion)
	case c.nodes == 0:
		return errors.New("its search tree is empty")
	case c.size != 24 && c.size != 28 && c.size != 32:
		return fmt.Errorf("its records have %d bits", c.size)
	case tree/c.nodes != c.size/4 || tree+separatorSize > uint(len(content)):
		return errors.New("its search tree is cut short")
	case slices.ContainsFunc(content[tree:tree+separatorSize], func(b byte) bool { return b != 0 }):
		return errors.New("what stands between its search tree and its data is not empty")
	}
	c.data = uint(len(content)) - tree - separatorSize
	c.visited, c.seen = make([]uint64, c.nodes/64+1), make([]uint64, c.data/64+1)
	return c.walk(0)
}

// maxDepth is the length of an address in bits.
const maxDepth = 128

// walk visits the nodes below one. Trees share branches, where IPv4 lies in
// several places of IPv6.
func (c *treeCheck) walk(node uint) error {
	if c.visited[node/64]&(1<<(node%64)) != 0 {
		if slices.Contains(c.path, node) {
			return fmt.Errorf("its search tree goes round in a circle at node %d", node)
		}
		return nil
	}
	if len(c.path) == maxDepth {
		return fmt.Errorf("its search tree is deeper than an address at node %d", node)
	}
	c.visited[node/64] |= 1 << (node % 64)
	c.path = append(c.path, node)
	defer func() { c.path = c.path[:len(c.path)-1] }()
	for _, next := range c.children(node) {
		var err error
		switch {
		case next < c.nodes:
			err = c.walk(next)
		case next == c.nodes: // nothing is known there
		case next < c.nodes+separatorSize || next-c.nodes-separatorSize >= c.data:
			err = fmt.Errorf("its search tree points out of the data at node %d", node)
		default:
			err = c.decode(next - c.nodes - separatorSize)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// children are the two records of a node (the same, "Node Layout").
func (c *treeCheck) children(node uint) [2]uint {
	b := c.content[node*c.size/4:]
	at := func(list ...byte) (n uint) {
		for _, x := range list {
			n = n<<8 | uint(x)
		}
		return n
	}
	switch c.size {
	case 24:
		return [2]uint{at(b[0], b[1], b[2]), at(b[3], b[4], b[5])}
	case 28:
		return [2]uint{at(b[3]>>4, b[0], b[1], b[2]), at(b[3]&15, b[4], b[5], b[6])}
	}
	return [2]uint{at(b[0], b[1], b[2], b[3]), at(b[4], b[5], b[6], b[7])}
}

// decode tries one record, once.
func (c *treeCheck) decode(offset uint) error {
	if c.seen[offset/64]&(1<<(offset%64)) != 0 || c.checked == maxChecked {
		return nil
	}
	c.seen[offset/64] |= 1 << (offset % 64)
	c.checked++
	var record geoRecord
	if err := c.reader.LookupOffset(uintptr(offset)).Decode(&record); err != nil {
		return fmt.Errorf("a record cannot be read: %w", err)
	}
	return nil
}
