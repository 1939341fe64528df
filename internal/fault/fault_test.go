package fault_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"

	"snug/internal/fault"
)

func TestErrorText(t *testing.T) {
	cases := []struct {
		err  error
		want string
	}{
		{fault.New(fault.Input, "", "read %s", "a.toml"), "read a.toml"},
		{fault.New(fault.Input, "", "read %s: %w", "a.toml", io.EOF), "read a.toml: EOF"},
		{&fault.Error{Code: fault.Failed, Message: "read", Err: io.EOF}, "read: EOF"},
		{fmt.Errorf("lock: %w", fault.New(fault.Network, "retry", "no answer")), "lock: no answer"},
	}
	for _, c := range cases {
		if got := c.err.Error(); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

func TestWrappedCauseIsFound(t *testing.T) {
	err := fmt.Errorf("outer: %w", fault.New(fault.Failed, "", "%w and %w", io.EOF, io.ErrNoProgress))
	if !errors.Is(err, io.EOF) || !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("causes of %v are lost", err)
	}
}

func TestHintSurvivesWrapping(t *testing.T) {
	inner := fault.New(fault.NotFound, "check the name", "no package")
	outer := fault.New(fault.Failed, "", "lock: %w", fmt.Errorf("read: %w", inner))
	if got := fault.HintOf(fmt.Errorf("x: %w", outer)); got != "check the name" {
		t.Errorf("hint %q", got)
	}
	if got := fault.HintOf(io.EOF); got != "" {
		t.Errorf("hint of a plain error: %q", got)
	}
}

func TestCodeAndExit(t *testing.T) {
	cases := []struct {
		err  error
		code fault.Code
		exit int
	}{
		{nil, "", 0},
		{io.EOF, fault.Failed, 1},
		{fault.New(fault.Usage, "", "x"), fault.Usage, 2},
		{fmt.Errorf("in: %w", fault.New(fault.Input, "", "x")), fault.Input, 2},
		{fault.New(fault.Conflict, "", "x"), fault.Conflict, 1},
		{fault.New(fault.Canceled, "", "x"), fault.Canceled, 130},
		{fault.New(fault.Network, "", "get: %w", context.Canceled), fault.Canceled, 130},
	}
	for _, c := range cases {
		if got := fault.CodeOf(c.err); got != c.code {
			t.Errorf("CodeOf(%v) = %q, want %q", c.err, got, c.code)
		}
		if got := fault.ExitCode(c.err); got != c.exit {
			t.Errorf("ExitCode(%v) = %d, want %d", c.err, got, c.exit)
		}
	}
}
