package main

import (
	"encoding/json"
	"net/http"
	"sync"

	discovery "github.com/envoyproxy/go-control-plane/envoy/service/discovery/v3"
	"github.com/envoyproxy/go-control-plane/pkg/server/v3"
	"google.golang.org/genproto/googleapis/rpc/status"
)

type refusal struct {
	TypeURL string `json:"typeUrl"`
	Message string `json:"message"`
}

// refusals keeps every NACK.
type refusals struct {
	mutex sync.Mutex
	all   []refusal
}

func (r *refusals) callbacks() server.Callbacks {
	return server.CallbackFuncs{
		StreamRequestFunc: func(_ int64, request *discovery.DiscoveryRequest) error {
			r.add(request.GetTypeUrl(), request.GetErrorDetail())
			return nil
		},
		StreamDeltaRequestFunc: func(_ int64, request *discovery.DeltaDiscoveryRequest) error {
			r.add(request.GetTypeUrl(), request.GetErrorDetail())
			return nil
		},
	}
}

func (r *refusals) add(typeURL string, detail *status.Status) {
	if detail == nil {
		return
	}
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.all = append(r.all, refusal{typeURL, detail.GetMessage()})
}

func (r *refusals) serve(response http.ResponseWriter, _ *http.Request) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	json.NewEncoder(response).Encode(append([]refusal{}, r.all...))
}
