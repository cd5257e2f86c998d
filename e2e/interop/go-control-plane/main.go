// Command management-server serves what a test gives it, with the snapshot cache of go-control-plane: ADS in both
// variants on one port, and on another the test's wishes:
//
//	PUT /snapshot   {"version": "2", "resources": [<proto JSON with "@type">, …]}; 204
//	GET /refused    the NACKs so far, as [{"typeUrl", "message"}, …]
//
// Nothing is checked before it is sent: what a proxy does with an invalid resource is what tests ask about.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"

	discovery "github.com/envoyproxy/go-control-plane/envoy/service/discovery/v3"
	"github.com/envoyproxy/go-control-plane/pkg/cache/v3"
	"github.com/envoyproxy/go-control-plane/pkg/server/config"
	"github.com/envoyproxy/go-control-plane/pkg/server/sotw/v3"
	"github.com/envoyproxy/go-control-plane/pkg/server/v3"
	"google.golang.org/grpc"
)

func main() {
	xdsPort := flag.Int("xds-port", 0, "port of ADS")
	controlPort := flag.Int("control-port", 0, "port of the test's wishes")
	ordered := flag.Bool("ordered", false, "answers of a stream in the order of their types, not at once")
	flag.Parse()

	refused := &refusals{}
	snapshots := cache.NewSnapshotCache(true, oneForAll{}, nil)
	var options []config.XDSOption
	if *ordered {
		options = append(options, sotw.WithOrderedADS())
	}
	xds := server.NewServer(context.Background(), snapshots, refused.callbacks(), options...)
	grpcServer := grpc.NewServer()
	discovery.RegisterAggregatedDiscoveryServiceServer(grpcServer, xds)
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", *xdsPort))
	if err != nil {
		log.Fatal(err)
	}
	go func() { log.Fatal(grpcServer.Serve(listener)) }()

	http.HandleFunc("PUT /snapshot", func(response http.ResponseWriter, request *http.Request) {
		if err := setSnapshot(request, snapshots); err != nil {
			http.Error(response, err.Error(), http.StatusBadRequest)
			return
		}
		response.WriteHeader(http.StatusNoContent)
	})
	http.HandleFunc("GET /refused", refused.serve)
	log.Fatal(http.ListenAndServe(fmt.Sprintf("127.0.0.1:%d", *controlPort), nil))
}
