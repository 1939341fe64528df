package fetch

import "io"

// Counted reads from r and tells progress, after each read, how much of total was
// read so far.
func Counted(r io.Reader, total int64, progress func(done, total int64)) io.Reader {
	return &counted{r: r, total: total, progress: progress}
}

type counted struct {
	r           io.Reader
	done, total int64
	progress    func(done, total int64)
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.done += int64(n)
	c.progress(c.done, c.total)
	return n, err
}
