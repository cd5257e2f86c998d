package main

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/interop"
	testgrpc "google.golang.org/grpc/interop/grpc_testing"
)

// What orca_per_rpc looks at is what this balancer saw.
const orcaConfig = `{"loadBalancingConfig":[{"test_backend_metrics_load_balancer":{}}]}`

// Nobody waits longer for a case that hangs.
const patience = 20 * time.Second

// As the cases of the interoperability tests are called, with what they need here.
type runner func(ctx context.Context, conn *grpc.ClientConn, dial func() (*grpc.ClientConn, error))

func ofService(run func(context.Context, testgrpc.TestServiceClient, ...grpc.CallOption)) runner {
	return func(ctx context.Context, conn *grpc.ClientConn, _ func() (*grpc.ClientConn, error)) {
		run(ctx, testgrpc.NewTestServiceClient(conn))
	}
}

var cases = map[string]runner{
	"empty_unary":                 ofService(interop.DoEmptyUnaryCall),
	"large_unary":                 ofService(interop.DoLargeUnaryCall),
	"client_streaming":            ofService(interop.DoClientStreaming),
	"server_streaming":            ofService(interop.DoServerStreaming),
	"ping_pong":                   ofService(interop.DoPingPong),
	"empty_stream":                ofService(interop.DoEmptyStream),
	"timeout_on_sleeping_server":  ofService(interop.DoTimeoutOnSleepingServer),
	"cancel_after_begin":          ofService(interop.DoCancelAfterBegin),
	"cancel_after_first_response": ofService(interop.DoCancelAfterFirstResponse),
	"status_code_and_message":     ofService(interop.DoStatusCodeAndMessage),
	"special_status_message":      ofService(interop.DoSpecialStatusMessage),
	"custom_metadata":             ofService(interop.DoCustomMetadata),
	"unimplemented_method": func(ctx context.Context, conn *grpc.ClientConn, _ func() (*grpc.ClientConn, error)) {
		interop.DoUnimplementedMethod(ctx, conn)
	},
	"unimplemented_service": func(ctx context.Context, conn *grpc.ClientConn, _ func() (*grpc.ClientConn, error)) {
		interop.DoUnimplementedService(ctx, testgrpc.NewUnimplementedServiceClient(conn))
	},
	"pick_first_unary": func(ctx context.Context, conn *grpc.ClientConn, _ func() (*grpc.ClientConn, error)) {
		interop.DoPickFirstUnary(ctx, testgrpc.NewTestServiceClient(conn))
	},
	"orca_per_rpc": func(ctx context.Context, conn *grpc.ClientConn, _ func() (*grpc.ClientConn, error)) {
		interop.DoORCAPerRPCTest(ctx, testgrpc.NewTestServiceClient(conn))
	},
	// All calls over one connection, and a connection for each call, by several at a time.
	"rpc_soak": func(ctx context.Context, conn *grpc.ClientConn, _ func() (*grpc.ClientConn, error)) {
		soak(ctx, func() (*grpc.ClientConn, func()) { return conn, func() {} })
	},
	"channel_soak": func(ctx context.Context, _ *grpc.ClientConn, dial func() (*grpc.ClientConn, error)) {
		soak(ctx, func() (*grpc.ClientConn, func()) {
			conn, err := dial()
			if err != nil {
				fail(err)
			}
			return conn, func() { conn.Close() }
		})
	},
}

func soak(ctx context.Context, channel func() (*grpc.ClientConn, func())) {
	interop.DoSoakTest(ctx, interop.SoakTestConfig{
		RequestSize:                      271828,
		ResponseSize:                     314159,
		PerIterationMaxAcceptableLatency: patience,
		OverallTimeout:                   patience,
		NumWorkers:                       5,
		Iterations:                       100,
		ChannelForTest:                   channel,
	})
}

// A case that fails ends the program: that is how the package says so.
func runCase(address, name string) error {
	run, isKnown := cases[name]
	if !isKnown {
		return fmt.Errorf("no case is called %q", name)
	}
	dial := func() (*grpc.ClientConn, error) {
		options := []grpc.DialOption{grpc.WithTransportCredentials(insecure.NewCredentials())}
		if name == "orca_per_rpc" {
			options = append(options, grpc.WithDefaultServiceConfig(orcaConfig))
		}
		return grpc.NewClient(address, options...)
	}
	conn, err := dial()
	if err != nil {
		return err
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	run(ctx, conn, dial)
	return nil
}
