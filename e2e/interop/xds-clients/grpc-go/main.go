// A gRPC client whose channels come from xDS: an HTTP server that makes the calls it is asked for.
//
//	GET /call?target=cart&version=v2   calls /heddle.Echo/Unary of xds:///cart with x-version: v2
//
// The answer is {"code": 0, "message": "…"}: the status of the call, and what came back or why nothing did.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"net/http"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	xdscredentials "google.golang.org/grpc/credentials/xds"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	_ "google.golang.org/grpc/xds"
)

const callLimit = 2 * time.Second

// Messages are bytes as they are.
type raw struct{}

func (raw) Marshal(value any) ([]byte, error) { return []byte(*value.(*string)), nil }
func (raw) Unmarshal(data []byte, value any) error {
	*value.(*string) = string(data)
	return nil
}
func (raw) Name() string { return "raw" }

type channels struct {
	mutex sync.Mutex
	open  map[string]*grpc.ClientConn
}

func (c *channels) to(target string) (*grpc.ClientConn, error) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if channel, ok := c.open[target]; ok {
		return channel, nil
	}
	// TLS where the cluster says so, with the certificates that the bootstrap names.
	options := xdscredentials.ClientOptions{FallbackCreds: insecure.NewCredentials()}
	credentials, err := xdscredentials.NewClientCredentials(options)
	if err != nil {
		return nil, err
	}
	channel, err := grpc.NewClient("xds:///"+target, grpc.WithTransportCredentials(credentials))
	if err == nil {
		c.open[target] = channel
	}
	return channel, err
}

// A channel that is closed gives up what it subscribed to.
func (c *channels) close(target string) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if channel, ok := c.open[target]; ok {
		channel.Close()
		delete(c.open, target)
	}
}

func main() {
	port := flag.Int("port", 0, "of the HTTP server")
	flag.Parse()
	all := &channels{open: map[string]*grpc.ClientConn{}}
	http.HandleFunc("/ready", func(http.ResponseWriter, *http.Request) {})
	http.HandleFunc("/close", func(_ http.ResponseWriter, request *http.Request) {
		all.close(request.URL.Query().Get("target"))
	})
	http.HandleFunc("/call", func(answer http.ResponseWriter, request *http.Request) {
		query := request.URL.Query()
		reply, err := callOnce(request.Context(), all, query.Get("target"), query.Get("version"))
		message := reply
		if err != nil {
			message = status.Convert(err).Message()
		}
		json.NewEncoder(answer).Encode(map[string]any{"code": status.Code(err), "message": message})
	})
	log.Fatal(http.ListenAndServe(fmt.Sprintf("127.0.0.1:%d", *port), nil))
}

func callOnce(ctx context.Context, all *channels, target, version string) (reply string, err error) {
	channel, err := all.to(target)
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	if version != "" {
		ctx = metadata.AppendToOutgoingContext(ctx, "x-version", version)
	}
	request := "hello"
	err = channel.Invoke(ctx, "/heddle.Echo/Unary", &request, &reply, grpc.ForceCodec(raw{}))
	return reply, err
}
