package sandbox

import (
	"fmt"
	"testing"

	"snug/internal/fault"
)

func TestSlotBase(t *testing.T) {
	cases := []struct {
		name, uidMap string
		want         int
		ok           bool
	}{
		{"a whole machine", "         0          0 4294967295\n", firstUID, true},
		{"a rootless container", "         0       1000          1\n         1     100000      65536\n", lastGuest - slots, true},
		{"one user", "0 1000 1\n", 0, false},
		{"nonsense", "a b c\n\n0 0\n", 0, false},
	}
	for _, c := range cases {
		if got, ok := slotBase([]byte(c.uidMap)); got != c.want || ok != c.ok {
			t.Errorf("%s: %d %v", c.name, got, ok)
		}
	}
}

// Two commands never have one user, and a user is free again afterwards.
func TestSlots(t *testing.T) {
	dir := t.TempDir()
	taken := map[int]*slot{}
	for range slots {
		s, err := takeSlot(dir)
		if err != nil {
			t.Skipf("users are too few here: %v", err)
		}
		defer s.release()
		if taken[s.uid] != nil {
			t.Fatalf("user %d is taken twice", s.uid)
		}
		taken[s.uid] = s
	}
	if _, err := takeSlot(dir); fault.CodeOf(err) != fault.Busy {
		t.Errorf("one too many: %v", err)
	}
	for uid, s := range taken {
		s.release()
		if again, err := takeSlot(dir); err != nil || again.uid != uid {
			t.Errorf("after %d was free: %s", uid, fmt.Sprint(again, err))
		} else {
			again.release()
		}
		return
	}
}
