// SPDX-License-Identifier: Apache-2.0

package policy

import "strings"

// opKind is what a condition operator compares.
type opKind int

const (
	opString    opKind = iota
	opFold             // string without regard to case
	opFoldASCII        // the same for ASCII letters alone, to tell where that matters
	opLike             // string with wildcards
	opARN
	opBool
	opNumeric
	opDate
	opIP
	opBinary
	opNull
)

type comparison int

const (
	equal comparison = iota
	less
	lessEqual
	greater
	greaterEqual
)

type quantifier int

const (
	plain quantifier = iota
	forAllValues
	forAnyValue
)

// operator is a condition operator taken apart (IAM page "IAM JSON policy
// elements: Condition operators").
type operator struct {
	kind       opKind
	compare    comparison
	negated    bool
	ifExists   bool
	quantifier quantifier
}

var operators = map[string]operator{
	"stringequals":              {kind: opString},
	"stringnotequals":           {kind: opString, negated: true},
	"stringequalsignorecase":    {kind: opFold},
	"stringnotequalsignorecase": {kind: opFold, negated: true},
	"stringlike":                {kind: opLike},
	"stringnotlike":             {kind: opLike, negated: true},
	"arnequals":                 {kind: opARN},
	"arnlike":                   {kind: opARN},
	"arnnotequals":              {kind: opARN, negated: true},
	"arnnotlike":                {kind: opARN, negated: true},
	"bool":                      {kind: opBool},
	"binaryequals":              {kind: opBinary},
	"ipaddress":                 {kind: opIP},
	"notipaddress":              {kind: opIP, negated: true},
	"null":                      {kind: opNull},
	"numericequals":             {kind: opNumeric},
	"numericnotequals":          {kind: opNumeric, negated: true},
	"numericlessthan":           {kind: opNumeric, compare: less},
	"numericlessthanequals":     {kind: opNumeric, compare: lessEqual},
	"numericgreaterthan":        {kind: opNumeric, compare: greater},
	"numericgreaterthanequals":  {kind: opNumeric, compare: greaterEqual},
	"dateequals":                {kind: opDate},
	"datenotequals":             {kind: opDate, negated: true},
	"datelessthan":              {kind: opDate, compare: less},
	"datelessthanequals":        {kind: opDate, compare: lessEqual},
	"dategreaterthan":           {kind: opDate, compare: greater},
	"dategreaterthanequals":     {kind: opDate, compare: greaterEqual},
}

// operatorSpelt holds the operators in the spelling of AWS's pages, which
// nearly every policy uses.
var operatorSpelt = func() map[string]operator {
	m := map[string]operator{}
	for _, name := range operatorNames {
		for _, set := range []string{"", "ForAllValues:", "ForAnyValue:"} {
			for _, suffix := range []string{"", "IfExists"} {
				if op, ok := readOperator(set + name + suffix); ok {
					m[set+name+suffix] = op
				}
			}
		}
	}
	return m
}()

var operatorNames = strings.Fields(`StringEquals StringNotEquals StringEqualsIgnoreCase StringNotEqualsIgnoreCase StringLike StringNotLike
	ArnEquals ArnLike ArnNotEquals ArnNotLike Bool BinaryEquals IpAddress NotIpAddress Null
	NumericEquals NumericNotEquals NumericLessThan NumericLessThanEquals NumericGreaterThan NumericGreaterThanEquals
	DateEquals DateNotEquals DateLessThan DateLessThanEquals DateGreaterThan DateGreaterThanEquals`)

// parseOperator takes a condition operator apart; false means that AWS's pages
// do not name it.
func parseOperator(name string) (operator, bool) {
	if op, ok := operatorSpelt[name]; ok {
		return op, true
	}
	return readOperator(name)
}

func readOperator(name string) (operator, bool) {
	s := lower(name)
	q := plain
	if rest, ok := strings.CutPrefix(s, "forallvalues:"); ok {
		s, q = rest, forAllValues
	} else if rest, ok := strings.CutPrefix(s, "foranyvalue:"); ok {
		s, q = rest, forAnyValue
	}
	s, ifExists := strings.CutSuffix(s, "ifexists")
	op, ok := operators[s]
	op.ifExists, op.quantifier = ifExists, q
	if op.kind == opNull && ifExists {
		return op, false
	}
	return op, ok
}

// onText says whether the operator compares texts by patterns.
func (op operator) onText() bool {
	switch op.kind {
	case opString, opFold, opLike, opARN:
		return true
	}
	return false
}
