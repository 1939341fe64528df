package advisory

import (
	"fmt"
	"testing"
)

func TestChanged(t *testing.T) {
	before := []string{"PYSEC-1 = X: a i:0 f:2", "PYSEC-2: b i:0", "PYSEC-3: c i:0", "PYSEC-4: d i:0"}
	cases := []struct {
		why, want string
		after     []string
	}{
		{"nothing", "[]", before},
		{"another order", "[]", []string{before[3], before[2], before[1], before[0]}},
		{"a new record", "[b]", append([]string{"PYSEC-9: b i:0 f:7"}, before...)},
		{"of a new name, first and last", "[0 z]", append([]string{"PYSEC-8: 0 v:1", "PYSEC-9: z v:1"}, before...)},
		{"one less", "[d]", before[:3]},
		{"another bound", "[a]", append([]string{"PYSEC-1 = X: a i:0 f:3"}, before[1:]...)},
		{"a withdrawal", "[b]", append([]string{`PYSEC-2: b i:0;"withdrawn":"2024-01-01T00:00:00Z"`}, append([]string{before[0]}, before[2:]...)...)},
		{"a severity that a record about another name brings to the group", "[a q]", append([]string{`GHSA-1 = X: q i:0;"severity":[{"type":"CVSS_V3","score":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H"}]`}, before...)},
	}
	for _, c := range cases {
		old, d := dbOf(t, before...), dbOf(t, c.after...)
		changed, err := d.Changed(old)
		var names []string
		for _, k := range changed {
			names = append(names, k.Name)
		}
		if got := fmt.Sprint(names); err != nil || got != c.want {
			t.Errorf("%s: %s, want %s (%v)", c.why, got, c.want, err)
		}
	}
}

func TestRematch(t *testing.T) {
	old, d := dbOf(t, "PYSEC-2: b i:0"), dbOf(t, "PYSEC-1: a i:0 f:2", "PYSEC-2: b i:0")
	changed, err := d.Changed(old)
	if err != nil {
		t.Fatal(err)
	}
	for _, pins := range []*Pins{PinsOf(changed), PinsOf(nil)} {
		pins.Add(1, pkg("A", "1"))
		pins.Add(2, pkg("a", "1"))
		pins.Add(2, pkg("b", "1"))
		pins.Add(3, pkg("a", "2"))
		got := ""
		for _, h := range d.Rematch(pins, changed) {
			got += fmt.Sprintf("%s %s %v: %s\n", h.Component.Name, h.Component.Version, h.Locks, told(h.Matched))
		}
		if want := "a 1 [1 2]: PYSEC-1 =: PYSEC-1 > 2\na 2 [3]: \n"; got != want {
			t.Errorf("got %s", got)
		}
	}
}
