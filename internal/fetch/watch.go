package fetch

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"
)

var errStalled = errors.New("the server is silent, or nearly so, for 30 seconds")

// least is what must come in each stall: a server that drips a byte now and then
// is as good as silent, and would hold its place for ever.
const least = 1 << 10

// watch cancels a request that gives next to nothing for a while.
type watch struct {
	ctx    context.Context
	cancel context.CancelCauseFunc
	timer  *time.Timer
	limit  time.Duration
}

func newWatch(ctx context.Context, limit time.Duration) (context.Context, *watch) {
	ctx, cancel := context.WithCancelCause(ctx)
	return ctx, &watch{ctx: ctx, cancel: cancel, limit: limit, timer: time.AfterFunc(limit, func() { cancel(errStalled) })}
}

// stop ends the watch and frees the request's context.
func (w *watch) stop() {
	w.timer.Stop()
	w.cancel(nil)
}

// cause is errStalled where the watch, not the network, made err.
func (w *watch) cause(err error) error {
	if context.Cause(w.ctx) == errStalled {
		return errStalled
	}
	return err
}

// body keeps the watch going while it is read, and gives the slot back when it is closed.
type body struct {
	io.ReadCloser
	watch   *watch
	release func()
	once    sync.Once
	got     int // bytes since the watch began anew
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.got += n; b.got >= least && err == nil {
		b.got = 0
		b.watch.timer.Reset(b.watch.limit)
	}
	if err != nil && err != io.EOF {
		err = b.watch.cause(err)
	}
	return n, err
}

func (b *body) Close() error {
	err := b.ReadCloser.Close()
	b.once.Do(func() {
		b.watch.stop()
		b.release()
	})
	return err
}
