// SPDX-License-Identifier: Apache-2.0

package account

import (
	"bytes"
	"encoding/json"
)

// canonical is the JSON of an API's output shape under the API's own names:
// members in the order of their names, what AWS left out is left out.
func canonical(shape any) (string, error) {
	raw, err := json.Marshal(shape)
	if err != nil {
		return "", err
	}
	var tree map[string]any
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err := d.Decode(&tree); err != nil {
		return "", err
	}
	delete(tree, "ResultMetadata")
	prune(tree)
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(tree); err != nil {
		return "", err
	}
	return string(bytes.TrimSuffix(out.Bytes(), []byte("\n"))), nil
}

// prune removes what the SDK writes for members that were not in the reply.
func prune(v any) {
	switch x := v.(type) {
	case map[string]any:
		for name, member := range x {
			if member == nil || member == "" && name != "Value" { // a tag's may be empty
				delete(x, name)
				continue
			}
			prune(member)
		}
	case []any:
		for _, e := range x {
			prune(e)
		}
	}
}
