// SPDX-License-Identifier: Apache-2.0

package investigate

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/bucketlid/bucketlid/bucket"
	"github.com/bucketlid/bucketlid/exposure"
)

// settings are the slots that say who may reach a bucket.
var settings = map[bucket.Slot]bool{
	bucket.SlotACL: true, bucket.SlotPolicy: true, bucket.SlotBlock: true, bucket.SlotAccountBlock: true, bucket.SlotOwnership: true,
	bucket.SlotObjectACL: true, bucket.SlotAccessPointPolicy: true,
}

// changes lists the changes of settings for which want is true, in order of time.
func (d *dossier) changes(want func(*bucket.Change) bool) []*bucket.Change {
	var out []*bucket.Change
	for _, c := range d.Ledger.Changes() {
		if c.Event != nil && settings[c.Slot] && want(c) {
			out = append(out, c)
		}
	}
	slices.SortStableFunc(out, func(a, b *bucket.Change) int {
		return cmp.Or(a.Event.Time.Compare(b.Event.Time), cmp.Compare(a.Event.ID, b.Event.ID), cmp.Compare(a.Bucket, b.Bucket), cmp.Compare(a.Key, b.Key))
	})
	return out
}

func changeProof(c *bucket.Change) Proof {
	text := exposure.Describe(c)
	text = strings.TrimSuffix(text, " (eventID "+c.Event.ID+")")
	text = strings.Replace(text, " at "+c.Event.Time.UTC().Format("2006-01-02T15:04:05Z"), "", 1)
	if c.Bucket != "" {
		text += " on " + c.Bucket
		if c.Key != "" {
			text += "/" + c.Key
		}
	}
	return Proof{c.Event.Time, c.Event.ID, text}
}

func changeProofs(list []*bucket.Change) []Proof {
	var out []Proof
	for _, c := range list {
		out = append(out, changeProof(c))
	}
	return slices.Compact(out)
}

// bucketName is the bucket of the case, "" where there is none.
func (d *dossier) bucketName() string {
	if s := d.subject(Bucket); s != nil {
		return s.Text
	}
	return ""
}

// ownIDs are the events of the case's user.
func (d *dossier) ownIDs() map[string]bool {
	if d.own == nil {
		d.own = map[string]bool{}
		for _, e := range d.of(User) {
			d.own[e.ID] = true
		}
	}
	return d.own
}

// changeNames are the calls by which the settings of the case were changed.
func (d *dossier) changeNames() []string {
	if d.Alert != nil {
		if by := d.Alert.OpenedBy; by != nil {
			return []string{by.EventName}
		}
		return nil
	}
	var own map[string]bool
	if d.Kind == User {
		own = d.ownIDs()
	}
	var names []string
	for _, c := range d.changes(func(c *bucket.Change) bool {
		return own[c.Event.ID] || d.bucketName() != "" && c.Bucket == d.bucketName()
	}) {
		names = append(names, c.Event.Name)
	}
	return unique(names)
}

// sameChange names the other buckets on which the same call was made, for a
// user all buckets whose settings he changed.
func sameChange(d *dossier) finding {
	names := d.changeNames()
	if len(names) == 0 {
		return d.noChange()
	}
	own := d.ownIDs()
	list := d.changes(func(c *bucket.Change) bool {
		return slices.Contains(names, c.Event.Name) && (d.bucketName() == "" || c.Bucket != d.bucketName()) && (d.Kind != User || own[c.Event.ID])
	})
	if len(list) == 0 {
		return finding{verdict: No, text: fmt.Sprintf("No %s on another bucket was seen.", strings.Join(names, ", ")), caveats: []string{d.beginning()}}
	}
	var mine, others []string
	for _, c := range list {
		where := cmp.Or(c.Bucket, "the account "+c.Account)
		if own[c.Event.ID] {
			mine = append(mine, where)
		} else {
			others = append(others, where)
		}
	}
	f := finding{verdict: Yes, events: changeProofs(list)}
	mine, others = unique(mine), unique(others)
	var parts []string
	if len(mine) > 0 {
		parts = append(parts, fmt.Sprintf("the same caller on %s", some(mine)))
	}
	if len(others) > 0 {
		parts = append(parts, fmt.Sprintf("others on %s", some(others)))
	}
	f.text = fmt.Sprintf("%s was called by %s.", strings.Join(names, ", "), strings.Join(parts, "; by "))
	if d.Kind == User {
		f.text = fmt.Sprintf("It changed or tried to change the settings of %s: %s.", plural(len(mine), "bucket", "buckets"), some(mine))
	}
	return f
}

func (d *dossier) noChange() finding {
	if d.Kind == Alert {
		return finding{verdict: Unknown, text: "The call that opened it was not seen, so that there is nothing to compare with.", caveats: []string{d.beginning()}}
	}
	return finding{verdict: No, text: "No change of who may reach a bucket was seen.", caveats: []string{d.beginning()}}
}

// guardFirst tells whether a guard was taken off before the bucket was opened.
func guardFirst(d *dossier) finding {
	name, account := d.bucketName(), ""
	if d.Alert != nil {
		account = d.Alert.Account
	}
	list := d.changes(func(c *bucket.Change) bool {
		ofAccount := c.Slot == bucket.SlotAccountBlock && (account == "" || c.Account == account)
		before := d.Alert == nil || !c.Event.Time.After(alertTime(d.Alert))
		return (c.Bucket == name && name != "" || ofAccount) && exposure.IsGuardDown(c) && before
	})
	if len(list) == 0 && d.Alert != nil && d.Alert.OpenedBy == nil {
		return finding{verdict: Unknown, text: "The call that opened it was not seen, nor whether a guard was taken off before.", caveats: []string{d.beginning()}}
	}
	if len(list) == 0 {
		return finding{verdict: No, text: "No guard (Block Public Access, Object Ownership) was seen being taken off before.", caveats: []string{d.beginning(), "a guard may have been off since before that"}}
	}
	f := finding{verdict: Yes, events: changeProofs(list)}
	last := list[len(list)-1]
	outcome := "was taken off"
	if last.Outcome != bucket.Done {
		outcome = "was tried to be taken off, and refused"
		f.verdict = No
	}
	f.text = fmt.Sprintf("%s %s by %s at %s", last.Slot, outcome, last.Event.UserName, stamp(last.Event.Time))
	if at := d.opening(); !at.IsZero() && !at.Before(last.Event.Time) {
		f.text += ", " + Span(at.Sub(last.Event.Time)) + " before the opening"
	}
	if len(list) > 1 {
		f.text += fmt.Sprintf("; %d such calls in all", len(list))
	}
	f.text += "."
	return f
}

// life are the calls that mark the life of a bucket.
var life = map[string]string{
	"CreateBucket": "created", "DeleteBucket": "deleted", "PutBucketWebsite": "made a website", "DeleteBucketWebsite": "no website any more",
	"PutBucketVersioning": "versioning changed", "PutBucketReplication": "replication set", "DeleteBucketReplication": "replication ended",
	"PutBucketLogging": "access logs changed", "PutBucketLifecycle": "life cycle changed", "PutBucketLifecycleConfiguration": "life cycle changed",
	"PutBucketEncryption": "encryption changed", "DeleteBucketEncryption": "encryption ended", "DeleteObjects": "objects deleted", "DeleteObject": "objects deleted",
	"PutBucketAcl": "ACL set", "PutBucketPolicy": "policy set", "DeleteBucketPolicy": "policy deleted", "PutBucketPublicAccessBlock": "Block Public Access set",
	"DeleteBucketPublicAccessBlock": "Block Public Access deleted", "PutBucketOwnershipControls": "ownership set", "DeleteBucketOwnershipControls": "ownership deleted",
	"PutBucketCors": "CORS set",
}

// bucketLife tells what became of the bucket, in order.
func bucketLife(d *dossier) finding {
	var parts []string
	f := finding{verdict: Told}
	deleted := 0
	for _, row := range fold(pick(d.of(Bucket), func(e *Entry) bool { return life[e.Name] != "" && e.Bucket == d.bucketName() && !e.Failed() }), false, d.c.covered) {
		if row.Entry == nil {
			continue
		}
		word := life[row.Name]
		if word == "objects deleted" {
			if deleted += row.Count; deleted > row.Count {
				continue
			}
		}
		parts = append(parts, fmt.Sprintf("%s %s by %s", word, stamp(row.Time), row.UserName))
		f.events = append(f.events, proof(row.Entry))
	}
	if len(parts) == 0 {
		return finding{verdict: Unknown, text: "No call that changed the bucket was seen.", caveats: []string{d.beginning()}}
	}
	const most = 12
	if len(parts) > most {
		parts = append(parts[:most-4:most-4], append([]string{fmt.Sprintf("… %d more", len(parts)-most)}, parts[len(parts)-4:]...)...)
	}
	f.text = strings.Join(parts, "; ") + "."
	if deleted > 0 {
		f.text += fmt.Sprintf(" Deletions of objects seen: %d.", deleted)
	}
	if f.events[0].Text == "" || !slices.ContainsFunc(d.of(Bucket), func(e *Entry) bool { return e.Name == "CreateBucket" && !e.Failed() }) {
		f.caveats = append(f.caveats, "it was created before the logs begin: "+d.beginning())
	}
	return f
}

// before tells whether the caller made such a change earlier.
func before(d *dossier) finding {
	if len(d.of(User)) == 0 {
		return finding{verdict: Unknown, text: "No call of the caller is known.", caveats: []string{d.beginning()}}
	}
	names, first := d.changeNames(), d.of(User)[0]
	since := fmt.Sprintf("It was first seen at %s", stamp(first.Time))
	if d.Kind == Alert && len(names) > 0 {
		return d.beforeAlert(names[0], since, first)
	}
	// Names can be those of other calls: eventIDs that tools make up repeat.
	list := pick(d.of(User), func(e *Entry) bool { return slices.Contains(names, e.Name) })
	if len(list) == 0 {
		return finding{verdict: No, text: "No change of who may reach a bucket was seen. " + since + ".", caveats: []string{d.beginning()}, events: []Proof{proof(first)}}
	}
	return finding{verdict: Told, events: proofs(list), caveats: []string{d.beginning()},
		text: fmt.Sprintf("%s. Changes of who may reach a bucket: %s, the first at %s.", since, tally(list), stamp(list[0].Time))}
}

// beforeAlert compares an opening with what its caller did earlier. Tries of the
// same hour belong to the same deed: they are told, and prove no habit.
func (d *dossier) beforeAlert(name, since string, first *Entry) finding {
	at := alertTime(d.Alert)
	list := pick(d.of(User), func(e *Entry) bool { return e.Name == name && e.Time.Before(at) && e.ID != d.Alert.OpenedBy.EventID })
	lately := pick(list, func(e *Entry) bool { return d.beside(e.Time) })
	f := finding{verdict: No, events: proofs(list), caveats: []string{d.beginning()}}
	switch earlier := len(list) - len(lately); {
	case earlier > 0:
		last := list[earlier-1]
		f.verdict = Yes
		f.text = fmt.Sprintf("It called %s %s before, last at %s on %s. %s.", name, times(int64(earlier)), stamp(last.Time), cmp.Or(last.On(), "nothing named"), since)
	case len(list) > 0:
		f.text = fmt.Sprintf("Only within %s before: %s. %s, %s before.", Span(d.Around), tally(lately), since, Span(at.Sub(first.Time)))
	default:
		f.events = []Proof{proof(first)}
		f.text = fmt.Sprintf("It never called %s before. %s, %s before.", name, since, Span(at.Sub(first.Time)))
	}
	return f
}
