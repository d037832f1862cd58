package policy
import ("testing";"fmt";"strings")
func TestDump(t *testing.T) {
 for _, e := range examples(t) {
  c := Classify(e.document(t), e.facts())
  fmt.Printf("%s %s | %s -> %s | %s -> \n", e.ID, e.Gist, e.Status, c.Status, e.Semantic)
  for _, g := range Analyse(e.document(t), e.facts()).Grants {
   w:=""
   if g.Witness!=nil { w = fmt.Sprintf("%s %s %s %v | %s", g.Witness.Archetype, g.Witness.Method, g.Witness.URL, g.Witness.Context, g.Witness.Command) }
   until:=""; if g.Until!=nil {until=g.Until.String()}
   fmt.Printf("      %s %v n=%d %v %v inc=%v exc=%v guards=%q %s uns=%q lone=%v | %s\n", g.Audience, g.Principals, g.Addresses, g.Access, strings.Join(g.Actions,","), g.Scope.Include, g.Scope.Exclude, g.Guards, until, g.Unsettled, g.UnsignedOnly, w)
  }
 }
}
