package assemble

import (
	"context"
	"errors"
	"strings"
	"testing"

	"snug/internal/fault"
)

// A wheel that cannot be read is refused for that, not for what it does not say.
func TestConfirmLeavesBrokenWheels(t *testing.T) {
	w := newWorld(t, t.TempDir())
	w.add("alpha", map[string]string{"alpha.py": "", "beta-1.0.dist-info/METADATA": "Name: beta"}, "prod")
	in := w.input("prod")
	in.Confirm = func(_ string, metadata func() ([]byte, error)) error {
		_, err := metadata()
		return err
	}
	if _, err := Assemble(context.Background(), in); fault.CodeOf(err) != fault.Integrity || fault.HintOf(err) == "" {
		t.Errorf("got %v", err)
	}
}

// What the index told is compared before a wheel enters the store, and again
// where its tree is older than that.
func TestConfirm(t *testing.T) {
	w := newWorld(t, t.TempDir())
	w.add("alpha", map[string]string{"alpha.py": ""}, "prod")
	liar := errors.New("the index told something else")
	for _, entered := range []bool{false, true} {
		in := w.input("prod")
		var own []byte
		in.Confirm = func(sum string, metadata func() ([]byte, error)) (err error) {
			if own, err = metadata(); err != nil {
				return err
			}
			return liar
		}
		if _, err := Assemble(context.Background(), in); !errors.Is(err, liar) || !strings.Contains(err.Error(), "alpha") {
			t.Errorf("got %v", err)
		}
		if !strings.Contains(string(own), "Name: alpha") {
			t.Errorf("its METADATA is %q", own)
		}
		if !entered { // the second time the tree is there
			w.build(w.input("prod"))
		}
	}
}
