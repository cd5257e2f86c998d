// Command go-control-plane serves a mesh of many services over ADS with one of the two caches of go-control-plane, as
// its users would: the snapshot cache with one snapshot for all nodes, or a linear cache for each type.
//
//	GET /ready                           200
//	PUT /weight?service=7&weight=3       changes the first endpoint of a service; 204 when the cache has it
//
// The names and the sizes of the resources are those that Heddle's control plane gives the same mesh.
package main

import (
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"strconv"

	discovery "github.com/envoyproxy/go-control-plane/envoy/service/discovery/v3"
	"github.com/envoyproxy/go-control-plane/pkg/server/v3"
	"google.golang.org/grpc"
)

func main() {
	kind := flag.String("cache", "snapshot", "snapshot or linear")
	xdsPort := flag.Int("xds-port", 0, "port of ADS")
	controlPort := flag.Int("control-port", 0, "port of the changes")
	services := flag.Int("services", 1000, "services in the mesh")
	instances := flag.Int("instances", 10, "instances of each")
	flag.Parse()

	world := newWorld(*services, *instances)
	served, err := newServed(*kind, world)
	if err != nil {
		log.Fatal(err)
	}
	grpcServer := grpc.NewServer(grpc.MaxConcurrentStreams(1_000_000))
	discovery.RegisterAggregatedDiscoveryServiceServer(grpcServer, server.NewServer(backgroundContext, served.cache(), nil))
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", *xdsPort))
	if err != nil {
		log.Fatal(err)
	}
	go func() { log.Fatal(grpcServer.Serve(listener)) }()

	http.HandleFunc("GET /ready", func(response http.ResponseWriter, _ *http.Request) {
		response.WriteHeader(http.StatusOK)
	})
	http.HandleFunc("PUT /weight", func(response http.ResponseWriter, request *http.Request) {
		service, serviceErr := strconv.Atoi(request.URL.Query().Get("service"))
		weight, weightErr := strconv.Atoi(request.URL.Query().Get("weight"))
		if serviceErr != nil || weightErr != nil || service < 0 || service >= *services {
			http.Error(response, "service and weight are numbers", http.StatusBadRequest)
			return
		}
		if err := served.change(service, uint32(weight)); err != nil {
			http.Error(response, err.Error(), http.StatusInternalServerError)
			return
		}
		response.WriteHeader(http.StatusNoContent)
	})
	log.Fatal(http.ListenAndServe(fmt.Sprintf("127.0.0.1:%d", *controlPort), nil))
}
