package main

import (
	"context"
	"net"

	"google.golang.org/grpc"
	"google.golang.org/grpc/interop"
	testgrpc "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/orca"
)

// The package's server never says which one it is, and then its own pick_first_unary fails.
type namedServer struct {
	testgrpc.TestServiceServer
	id string
}

func (s namedServer) UnaryCall(ctx context.Context, request *testgrpc.SimpleRequest) (*testgrpc.SimpleResponse, error) {
	response, err := s.TestServiceServer.UnaryCall(ctx, request)
	if err == nil && request.GetFillServerId() {
		response.ServerId = s.id
	}
	return response, err
}

func serve(address string) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	server := grpc.NewServer(orca.CallMetricsServerOption(nil))
	testgrpc.RegisterTestServiceServer(server, namedServer{interop.NewTestServer(), address})
	return server.Serve(listener)
}
