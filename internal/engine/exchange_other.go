//go:build !linux

package engine

import "errors"

// exchange is not to be had here: replacing takes two renames.
func exchange(_, _ string) error { return errors.ErrUnsupported }
