// SPDX-License-Identifier: Apache-2.0

package trail

// openSQS reads the body of a message as ReceiveMessage and as Lambda give it.
func openSQS(s *scanner, o *object) (bool, error) {
	for _, name := range []string{"body", "Body"} {
		value := o.get(name)
		if value == nil {
			continue
		}
		switch {
		case value[0] == '{' || value[0] == '[' || holdsJSON(value):
			return true, s.inner(value, o.at(value), nil)
		case textOf(value) != validationMessage:
			s.skip(o.start, "an SQS message whose body is not JSON")
		}
		return true, nil
	}
	return false, nil
}
