// A load of TLS 1.3 handshakes: each request has a connection of its own. The result is one line of JSON.
package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// The fields of the calling program's LoadResult, and what it adds to them.
type result struct {
	RequestsPerSecond   float64 `json:"requestsPerSecond"`
	RequestCount        int     `json:"requestCount"`
	ErrorCount          int     `json:"errorCount"`
	LoadCPUMicroseconds float64 `json:"loadCpuMicroseconds"`
}

type load struct {
	address   string
	request   []byte
	config    *tls.Config
	isResumed bool
	until     time.Time
}

func main() {
	address := flag.String("address", "", "host:port of the server")
	host := flag.String("host", "", "name of the server")
	authority := flag.String("authority", "", "PEM file of the authority")
	connections := flag.Int("connections", 1, "at the same time")
	seconds := flag.Float64("seconds", 1, "length of the run")
	isResumed := flag.Bool("resume", false, "resume the session of the connection before")
	flag.Parse()
	runtime.GOMAXPROCS(1)

	pem, err := os.ReadFile(*authority)
	exitOn(err)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	started := time.Now()
	cpuBefore := cpuTime()
	load := load{
		address: *address,
		request: []byte(fmt.Sprintf("GET / HTTP/1.1\r\nhost: %s\r\nconnection: close\r\n\r\n", *host)),
		config: &tls.Config{
			RootCAs:          roots,
			ServerName:       *host,
			MinVersion:       tls.VersionTLS13,
			CurvePreferences: []tls.CurveID{tls.X25519},
		},
		isResumed: *isResumed,
		until:     started.Add(time.Duration(*seconds * float64(time.Second))),
	}
	counts := make([]int, *connections)
	failures := make([]error, *connections)
	var group sync.WaitGroup
	for i := range counts {
		group.Go(func() { counts[i], failures[i] = load.run() })
	}
	group.Wait()
	exitOn(errors.Join(failures...))
	elapsed := time.Since(started).Seconds()
	total := 0
	for _, count := range counts {
		total += count
	}
	exitOn(json.NewEncoder(os.Stdout).Encode(result{
		RequestsPerSecond:   float64(total) / elapsed,
		RequestCount:        total,
		LoadCPUMicroseconds: float64((cpuTime() - cpuBefore).Microseconds()) / float64(max(1, total)),
	}))
}

// One connection after the other until the time is over; how many there were.
func (load *load) run() (int, error) {
	config := load.config.Clone()
	if load.isResumed {
		config.ClientSessionCache = tls.NewLRUClientSessionCache(1)
	}
	count := 0
	for time.Now().Before(load.until) {
		didResume, err := load.visit(config)
		if err != nil {
			return count, err
		}
		// The first has nothing to resume.
		if didResume != (load.isResumed && count > 0) {
			return count, fmt.Errorf("connection %d: resumed is %v", count, didResume)
		}
		count++
	}
	return count, nil
}

func (load *load) visit(config *tls.Config) (bool, error) {
	socket, err := net.Dial("tcp", load.address)
	if err != nil {
		return false, err
	}
	connection := tls.Client(socket, config)
	defer connection.Close()
	if _, err := connection.Write(load.request); err != nil {
		return false, err
	}
	// The tickets come before the answer.
	answer, err := io.ReadAll(connection)
	if err != nil {
		return false, err
	}
	if !bytes.HasPrefix(answer, []byte("HTTP/1.1 200 ")) {
		return false, fmt.Errorf("the answer was %q", answer)
	}
	return connection.ConnectionState().DidResume, nil
}

func cpuTime() time.Duration {
	var usage syscall.Rusage
	exitOn(syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func exitOn(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
