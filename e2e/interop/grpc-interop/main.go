// The server and the client of gRPC's own interoperability tests, without what needs credentials.
//
//	grpc-interop server --port 8080
//	grpc-interop cases
//	grpc-interop client --port 8080 --case large_unary
//
// The client ends with 0 when the case passed, else with the reason on stderr. `cases` prints the names of all, one a line.
package main

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
)

func main() {
	flags := flag.NewFlagSet("grpc-interop", flag.ExitOnError)
	port := flags.Int("port", 0, "port of the server on 127.0.0.1")
	name := flags.String("case", "", "what the client does")
	if len(os.Args) < 2 {
		fail(fmt.Errorf("usage: grpc-interop server|cases|client [--port n] [--case name]"))
	}
	if err := flags.Parse(os.Args[2:]); err != nil {
		fail(err)
	}
	address := fmt.Sprintf("127.0.0.1:%d", *port)
	switch os.Args[1] {
	case "server":
		fail(serve(address))
	case "cases":
		for _, known := range slices.Sorted(maps.Keys(cases)) {
			fmt.Println(known)
		}
	case "client":
		if err := runCase(address, *name); err != nil {
			fail(err)
		}
	default:
		fail(fmt.Errorf("%q is neither server, cases nor client", os.Args[1]))
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
