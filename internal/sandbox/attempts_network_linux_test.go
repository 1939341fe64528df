package sandbox

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// dialLimit bounds how long an attempt waits for an answer that may not come.
const dialLimit = 2 * time.Second

// listener is real, on the host, and counts who reaches it.
type listener struct {
	address string
	reached atomic.Int32
}

// listening prepares a listener at the address, which may use the world's folder.
func listening(network string, address func(w *world) string) func(*testing.T, *world) {
	return func(t *testing.T, w *world) {
		got := &listener{}
		w.data = got
		l, err := net.Listen(network, address(w))
		if err != nil {
			return // absent tells
		}
		t.Cleanup(func() { l.Close() })
		got.address = l.Addr().String()
		if filepath.IsAbs(got.address) {
			if err := os.Chmod(got.address, 0o777); err != nil {
				t.Fatal(err)
			}
		}
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				got.reached.Add(1)
				_, _ = c.Write([]byte("reached"))
				c.Close()
			}
		}()
	}
}

// dialAttempt tries to reach a listener of the host and hear from it.
func dialAttempt(name string, level Level, network string, address func(w *world) string, off ...defence) attempt {
	return attempt{
		name: name, level: level, off: off, before: listening(network, address),
		args: func(w *world) []string { return []string{network, w.data.(*listener).address} },
		absent: func(w *world) string {
			return map[bool]string{true: "this machine has no " + network}[w.data.(*listener).address == ""]
		},
		inside: func(args []string) error {
			c, err := net.DialTimeout(args[2], args[3], dialLimit)
			if err != nil {
				return err
			}
			defer c.Close()
			var word [7]byte
			_, err = c.Read(word[:])
			return err
		},
	}
}

func at(address string) func(*world) string { return func(*world) string { return address } }

func inFolder(w *world) string { return filepath.Join(w.dir, "socket") }

func abstract(w *world) string { return fmt.Sprintf("@snug-test-%d-%p", time.Now().UnixNano(), w) }

func networkAttempts() []attempt {
	return []attempt{
		dialAttempt("dial out by IPv4", "", "tcp4", at("127.0.0.1:0"), ownNetwork),
		dialAttempt("dial out by IPv6", "", "tcp6", at("[::1]:0"), ownNetwork),
		dialAttempt("dial a socket in the file system", "", "unix", inFolder, ownRoot),
		dialAttempt("dial an abstract socket", "", "unix", abstract, ownNetwork),
		{name: "send a datagram", off: []defence{ownNetwork}, before: receiving, worked: received,
			args: func(w *world) []string { return []string{w.data.(net.PacketConn).LocalAddr().String()} },
			inside: func(args []string) error {
				c, err := net.Dial("udp4", args[2])
				if err != nil {
					return err
				}
				defer c.Close()
				_, err = c.Write([]byte("out"))
				return err
			}},
		{name: "use a family of sockets that no namespace holds", off: []defence{callFilter}, inside: otherFamily,
			absent: func(*world) string {
				return map[bool]string{true: "this kernel has no such family"}[otherFamily(nil) != nil]
			}},
	}
}

func receiving(t *testing.T, w *world) {
	c, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	w.data = c
}

// received is asked when the sender has ended: on the loopback its datagram is here.
func received(w *world) bool {
	c := w.data.(net.PacketConn)
	if err := c.SetReadDeadline(time.Now().Add(50 * time.Millisecond)); err != nil {
		return true
	}
	var b [8]byte
	n, _, err := c.ReadFrom(b[:])
	return err == nil && n > 0
}

// otherFamily makes a socket of those families that an ordinary user may have.
func otherFamily([]string) error {
	for _, family := range []int{unix.AF_VSOCK, unix.AF_ALG, unix.AF_TIPC, unix.AF_BLUETOOTH, unix.AF_CAN, unix.AF_RDS, unix.AF_QIPCRTR} {
		for _, kind := range []int{unix.SOCK_STREAM, unix.SOCK_DGRAM, unix.SOCK_SEQPACKET, unix.SOCK_RAW} {
			if s, err := unix.Socket(family, kind, 0); err == nil {
				unix.Close(s)
				return nil
			}
		}
	}
	return held("no family")
}
