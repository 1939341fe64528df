package sandbox

import (
	"fmt"
	"os/exec"
	"syscall"
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

// What a guard that was killed left behind is ended by its user.
func TestEndUser(t *testing.T) {
	if !privileged() {
		t.Skip("only root can be somebody else")
	}
	slot, err := takeSlot(slotFolder) // a user of this test alone: others may be building
	if err != nil {
		t.Fatal(err)
	}
	defer slot.release()
	cmd := exec.Command("/bin/sh", "-c", "sleep 600 & sleep 600 & wait")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Credential: &syscall.Credential{Uid: uint32(slot.uid), Gid: uint32(slot.uid)}}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if len(processesOf(slot.uid)) == 0 {
		t.Error("its processes are not seen")
	}
	if err := endUser(slot.uid); err != nil {
		t.Error(err)
	}
	if err := cmd.Wait(); err == nil || len(processesOf(slot.uid)) != 0 {
		t.Errorf("it lives: %v", err)
	}
}

func TestUserIn(t *testing.T) {
	for text, want := range map[string][2]bool{
		"Name:\tsh\nState:\tS (sleeping)\nUid:\t7\t8\t9\t10\n": {true, true},
		"State:\tZ (zombie)\nUid:\t7\t7\t7\t7\n":               {true, false},
		"State:\tR (running)\nUid:\t77\t7\t7\t7\n":             {false, true},
		"Uid:\n": {false, false},
	} {
		if isOf, alive := userIn([]byte(text), 7); isOf != want[0] || alive != want[1] {
			t.Errorf("%q: %t %t", text, isOf, alive)
		}
	}
}
