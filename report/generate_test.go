// SPDX-License-Identifier: Apache-2.0

package report

import (
	"reflect"
	"slices"
	"strings"
	"time"

	"pgregory.net/rapid"
)

// hostile generates text as a stranger would choose it.
func hostile() *rapid.Generator[string] {
	var pieces []string
	for _, attack := range attacks {
		pieces = append(pieces, attack)
	}
	// In one order, so that a failure can be drawn again from its seed.
	slices.Sort(pieces)
	return rapid.OneOf(
		rapid.String(),
		rapid.SampledFrom(pieces),
		rapid.Custom(func(t *rapid.T) string { return string(rapid.SliceOfN(rapid.Byte(), 0, 12).Draw(t, "bytes")) }),
		rapid.Custom(func(t *rapid.T) string {
			return strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 0, 3).Draw(t, "pieces"), "")
		}),
	)
}

// messages generates a message of each kind with every exported field filled
// or left at its zero value.
func messages() *rapid.Generator[Message] {
	return rapid.Custom(func(t *rapid.T) Message {
		var m Message
		v := reflect.ValueOf(&m).Elem()
		field := v.Field(rapid.IntRange(0, v.NumField()-1).Draw(t, "kind"))
		field.Set(reflect.New(field.Type().Elem()))
		fill(t, field.Elem())
		if m.Config != nil {
			m.Config.Schema = Schema
		}
		if a := m.Alert; a != nil { // Read refuses an alert without them
			a.ID, a.Kind, a.Severity = "a"+a.ID, "k"+a.Kind, "s"+a.Severity
		}
		return m
	})
}

func fill(t *rapid.T, v reflect.Value) {
	switch {
	case v.Type() == timeType:
		v.Set(reflect.ValueOf(anyTime(t)))
	case v.Kind() == reflect.String:
		v.SetString(hostile().Draw(t, "string"))
	case v.CanInt():
		v.SetInt(rapid.Int64().Draw(t, "int"))
	case v.CanUint():
		v.SetUint(rapid.Uint64().Draw(t, "uint"))
	case v.Kind() == reflect.Bool:
		v.SetBool(rapid.Bool().Draw(t, "bool"))
	case v.Kind() == reflect.Pointer && rapid.Bool().Draw(t, "set"):
		v.Set(reflect.New(v.Type().Elem()))
		fill(t, v.Elem())
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				fill(t, v.Field(i))
			}
		}
	case v.Kind() == reflect.Slice:
		n := rapid.IntRange(0, 2).Draw(t, "len")
		if n == 0 && rapid.Bool().Draw(t, "nil") {
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range n {
			fill(t, v.Index(i))
		}
	case v.Kind() == reflect.Map:
		fillMap(t, v)
	}
}

func fillMap(t *rapid.T, v reflect.Value) {
	n := rapid.IntRange(0, 3).Draw(t, "len")
	if n == 0 {
		return
	}
	v.Set(reflect.MakeMap(v.Type()))
	for range n {
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fill(t, key)
		fill(t, value)
		v.SetMapIndex(key, value)
	}
}

// anyTime is an instant in some zone, also outside the years of RFC 3339.
func anyTime(t *rapid.T) time.Time {
	seconds := rapid.OneOf(rapid.Int64Range(0, 4e9), rapid.Int64Range(-70e9, 260e9)).Draw(t, "seconds")
	zone := time.FixedZone("", rapid.IntRange(-14, 14).Draw(t, "zone")*3600)
	return time.Unix(seconds, rapid.Int64Range(0, 999_999_999).Draw(t, "nanos")).In(zone)
}
