// SPDX-License-Identifier: Apache-2.0

package trail

// identity decodes userIdentity; null and absence are no error, as service
// events have none.
func (d *decoder) identity(u *UserIdentity, v any) {
	m, ok := v.(map[string]any)
	if !ok {
		if v != nil {
			d.fail(fieldNames[fieldUserIdentity])
		}
		return
	}
	u.Type = d.text(m, "type", fieldType)
	u.PrincipalID = d.text(m, "principalId", fieldPrincipalID)
	u.ARN = d.text(m, "arn", fieldARN)
	u.AccountID = d.text(m, "accountId", fieldAccountID)
	u.UserName = d.text(m, "userName", fieldUserName)
	u.InvokedBy = d.text(m, "invokedBy", fieldInvokedBy)
	u.AccessKeyID = looseText(m["accessKeyId"])
	u.IdentityProvider = looseText(m["identityProvider"])
	if behalf, ok := m["onBehalfOf"].(map[string]any); ok {
		u.OnBehalfOfUserID = looseText(behalf["userId"])
	}
	session, _ := m["sessionContext"].(map[string]any)
	u.SourceIdentity = looseText(session["sourceIdentity"])
	attributes, _ := session["attributes"].(map[string]any)
	u.MFAAuthenticated = looseText(attributes["mfaAuthenticated"])
	u.SessionCreated = looseText(attributes["creationDate"])
	issuer, _ := session["sessionIssuer"].(map[string]any)
	u.Issuer = SessionIssuer{
		Type:        looseText(issuer["type"]),
		PrincipalID: looseText(issuer["principalId"]),
		ARN:         d.text(issuer, "arn", fieldIssuerARN),
		AccountID:   looseText(issuer["accountId"]),
		UserName:    looseText(issuer["userName"]),
	}
}

// resources decodes the list of resources, or one alone. Entries may name a
// prefix (ARNPrefix) instead of an ARN, and keys differ in case by the tool that
// wrote them.
func resources(v any) []Resource {
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	var out []Resource
	for _, e := range list {
		m, ok := e.(map[string]any)
		if !ok {
			continue
		}
		r := Resource{
			Type:      first(m, "type", "resourceType"),
			ARN:       first(m, "ARN", "arn", "ARNPrefix", "resourceARN"),
			AccountID: first(m, "accountId", "accountID"),
		}
		if r != (Resource{}) {
			out = append(out, r)
		}
	}
	return out
}

func first(m map[string]any, names ...string) string {
	for _, name := range names {
		if text := looseText(m[name]); text != "" {
			return text
		}
	}
	return ""
}
