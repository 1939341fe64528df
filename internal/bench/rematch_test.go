//go:build linux

package main

import (
	"context"
	"os"
	"path/filepath"
	"testing"
)

func TestRematched(t *testing.T) {
	zip := filepath.Join("..", "..", "..", "shared", "advisories", "pypa-2024-10-10.zip")
	if _, err := os.Stat(zip); err != nil {
		t.Skip("no advisory data: " + err.Error())
	}
	costs, err := (&auditBench{zip: zip, work: t.TempDir()}).rematched(context.Background(), 2)
	if err != nil || len(costs) != 2 {
		t.Fatal(costs, err)
	}
	t.Log(costs)
}
