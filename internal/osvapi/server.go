package osvapi

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	"snug/internal/advisory"
	"snug/internal/fault"
)

// Limits of a connection.
const (
	headerTime = 5 * time.Second
	readTime   = 30 * time.Second
	writeTime  = time.Minute
	idleTime   = 2 * time.Minute
	endTime    = 5 * time.Second // in which answers under way may end
	maxHeader  = 32 << 10
)

// Server listens. Run it, or Close it.
type Server struct {
	listener net.Listener
	http     *http.Server
}

// Listen opens the port; address is host:port, with port 0 any that is free.
func Listen(address string, db *advisory.DB) (*Server, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fault.New(fault.Failed, "give another with --listen 127.0.0.1:PORT; port 0 takes one that is free", "listen: %w", err)
	}
	return &Server{l, &http.Server{
		Handler: Handler(db), ReadHeaderTimeout: headerTime, ReadTimeout: readTime, WriteTimeout: writeTime, IdleTimeout: idleTime, MaxHeaderBytes: maxHeader,
	}}, nil
}

// URL is where it answers.
func (s *Server) URL() string { return "http://" + s.listener.Addr().String() }

// Run answers until ctx ends, then lets answers under way end. It gives the port up.
func (s *Server) Run(ctx context.Context) error {
	ended := make(chan error, 1)
	go func() { ended <- s.http.Serve(s.listener) }()
	select {
	case err := <-ended:
		return fault.New(fault.Failed, "start it again", "serve: %w", err)
	case <-ctx.Done():
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTime)
	defer cancel()
	err := s.http.Shutdown(last)
	if served := <-ended; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}

// Close gives the port up at once.
func (s *Server) Close() error { return errors.Join(s.http.Close(), s.listener.Close()) }
