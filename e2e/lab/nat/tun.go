package main

import (
	"fmt"
	"os"
	"syscall"
	"time"
	"unsafe"
)

// Linux: <linux/if_tun.h>, <linux/if.h>.
const (
	tunSetIff     = 0x400454ca // ioctl TUNSETIFF
	iffTun        = 0x0001
	iffNoPi       = 0x1000
	ifNameSize    = 16
	ifReqSize     = 40
	maxPacket     = 65535
	delayQueueLen = 16384 // packets; more than that are dropped, as a router would
)

// openTun makes a TUN device without packet information, in this process' network namespace.
func openTun(name string) (*os.File, error) {
	if len(name) >= ifNameSize {
		return nil, fmt.Errorf("device name %q is longer than %d characters", name, ifNameSize-1)
	}
	fd, err := syscall.Open("/dev/net/tun", syscall.O_RDWR|syscall.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("open /dev/net/tun: %w", err)
	}
	var request [ifReqSize]byte
	copy(request[:ifNameSize], name)
	*(*uint16)(unsafe.Pointer(&request[ifNameSize])) = iffTun | iffNoPi
	if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, uintptr(fd), tunSetIff, uintptr(unsafe.Pointer(&request[0]))); errno != 0 {
		syscall.Close(fd)
		return nil, fmt.Errorf("make device %s: %w", name, errno)
	}
	return os.NewFile(uintptr(fd), "/dev/net/tun"), nil
}

// forward carries packets for ever: read, translate, wait for the delay, write. Order is kept.
func forward(tun *os.File, nat *Nat, delay time.Duration) error {
	write := func(packet []byte) { _, _ = tun.Write(packet) } // a packet that the kernel refuses is a lost packet
	if delay > 0 {
		write = delayed(write, delay)
	}
	buffer := make([]byte, maxPacket)
	for {
		n, err := tun.Read(buffer)
		if err != nil {
			return fmt.Errorf("read from the TUN device: %w", err)
		}
		if packet := nat.Translate(buffer[:n], time.Now()); packet != nil {
			write(packet)
		}
	}
}

// delayed hands packets on after `delay`, in order.
func delayed(write func([]byte), delay time.Duration) func([]byte) {
	type item struct {
		due    time.Time
		packet []byte
	}
	queue := make(chan item, delayQueueLen)
	go func() {
		for next := range queue {
			time.Sleep(time.Until(next.due))
			write(next.packet)
		}
	}()
	return func(packet []byte) {
		select {
		case queue <- item{time.Now().Add(delay), append([]byte(nil), packet...)}:
		default:
		}
	}
}
