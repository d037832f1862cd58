// SPDX-License-Identifier: Apache-2.0

package report

import (
	"reflect"
	"slices"
	"strings"
	"time"
)

// normal copies a message into the form that the stream promises: lists and
// maps are never null, times are in UTC, text is valid UTF-8. The caller's
// message is left alone.
func normal(m Message) Message {
	return normalValue(reflect.ValueOf(m)).Interface().(Message)
}

var timeType = reflect.TypeFor[time.Time]()

func normalValue(v reflect.Value) reflect.Value {
	if v.Type() == timeType {
		return reflect.ValueOf(normalTime(v.Interface().(time.Time)))
	}
	switch v.Kind() {
	case reflect.String:
		return reflect.ValueOf(strings.ToValidUTF8(v.String(), "\uFFFD")).Convert(v.Type())
	case reflect.Pointer:
		if v.IsNil() {
			return v
		}
		out := reflect.New(v.Type().Elem())
		out.Elem().Set(normalValue(v.Elem()))
		return out
	case reflect.Struct:
		out := reflect.New(v.Type()).Elem()
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				out.Field(i).Set(normalValue(v.Field(i)))
			}
		}
		return out
	case reflect.Slice:
		out := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		for i := range v.Len() {
			out.Index(i).Set(normalValue(v.Index(i)))
		}
		return out
	case reflect.Map:
		return normalMap(v)
	}
	return v
}

// normalMap copies a map. Two keys can become one when invalid bytes are
// replaced: counts are then added up, of other values the first key's is kept.
func normalMap(v reflect.Value) reflect.Value {
	out := reflect.MakeMap(v.Type())
	keys := v.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
	for _, k := range keys {
		key, value := normalValue(k), normalValue(v.MapIndex(k))
		have := out.MapIndex(key)
		switch {
		case !have.IsValid():
			out.SetMapIndex(key, value)
		case value.CanInt():
			sum := reflect.New(value.Type()).Elem()
			sum.SetInt(have.Int() + value.Int())
			out.SetMapIndex(key, sum)
		}
	}
	return out
}

// normalTime puts a time into UTC and into the years that RFC 3339 can write.
func normalTime(t time.Time) time.Time {
	t = t.UTC()
	switch {
	case t.Year() < 0:
		return time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC)
	case t.Year() > 9999:
		return time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)
	}
	return t
}
