package assemble

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"snug/internal/lock"
)

// All that is missing is fetched at once, whatever Jobs says: the first answer
// comes only when every wheel was asked for. The largest is asked for first.
func TestFetchesSideBySideLargestFirst(t *testing.T) {
	w := newWorld(t, t.TempDir())
	const wheels = 12
	for i := range wheels {
		name := fmt.Sprintf("p%02d", i)
		w.add(name, map[string]string{name + ".py": strings.Repeat("#\n", i)}, "prod")
		w.lock.Packages[i].Wheels[0].Size = int64(1000 * (i + 1)) // only for the order: see below
	}
	in := w.input("prod")
	in.Jobs = 1
	var mu sync.Mutex
	var asked []string
	all := make(chan struct{})
	get := in.Download
	stuck, cancel := context.WithTimeout(t.Context(), time.Minute) // reached only where the test fails
	defer cancel()
	in.Download = func(ctx context.Context, f lock.File) (io.ReadCloser, error) {
		mu.Lock()
		asked = append(asked, f.URL)
		if len(asked) == wheels {
			close(all)
		}
		mu.Unlock()
		select {
		case <-all:
			return get(ctx, f)
		case <-stuck.Done():
			return nil, errors.New("only some were asked for")
		}
	}
	sources, err := in.sources()
	if err != nil {
		t.Fatal(err)
	}
	var order []int
	for i := range wheels {
		order = append(order, wheels-1-i)
	}
	if got := largestFirst(sources); !slices.Equal(got, order) {
		t.Errorf("the order is %v", got)
	}
	for i := range w.lock.Packages {
		w.lock.Packages[i].Wheels[0].Size = 0 // the sizes above are not those of the files
	}
	w.build(in)
	if len(asked) != wheels {
		t.Errorf("asked for %d", len(asked))
	}
}
