package sandbox

import (
	"errors"
	"io/fs"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	diskEvery = 250 * time.Millisecond // at least between two measurements
	diskShare = 10                     // and this many times what the last one took
	leastFile = 4 << 10                // what a file or folder counts for, be it empty
)

// writable are the folders that the command fills, where the guard sees them.
func (p *plan) writable() []string {
	var out []string
	if p.Level != Hermetic {
		out = append(out, p.home())
	}
	for _, in := range p.Inputs {
		switch {
		case !in.Writable:
		case p.Level == Hermetic && p.Off.on(ownRoot):
			out = append(out, in.Inside)
		default:
			out = append(out, in.Host)
		}
	}
	return out
}

// watchDisk sends when the folders hold more than limit, until stop.
func watchDisk(folders []string, limit int64, full chan<- struct{}, stop <-chan struct{}) {
	for {
		begun := time.Now()
		if held, err := heldBy(folders); held > limit || errors.Is(err, unix.ENAMETOOLONG) {
			full <- struct{}{}
			return
		}
		select {
		case <-stop:
			return
		case <-time.After(max(diskEvery, diskShare*time.Since(begun))):
		}
	}
}

// heldBy is what files below the folders take. The command changes them meanwhile, so
// what is gone, or cannot be read, counts nothing; a folder so deep that its path is
// too long is an error, since anything could hide there.
func heldBy(folders []string) (int64, error) {
	var sum int64
	for _, dir := range folders {
		err := filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
			switch {
			case errors.Is(err, unix.ENAMETOOLONG):
				return err
			case err != nil:
				return nil
			}
			if info, err := d.Info(); err == nil {
				if st, ok := info.Sys().(*syscall.Stat_t); ok {
					sum += max(st.Blocks*512, leastFile)
				}
			}
			return nil
		})
		if err != nil {
			return sum, err
		}
	}
	return sum, nil
}
