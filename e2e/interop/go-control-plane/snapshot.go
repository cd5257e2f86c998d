package main

import (
	"encoding/json"
	"net/http"

	core "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	"github.com/envoyproxy/go-control-plane/pkg/cache/types"
	"github.com/envoyproxy/go-control-plane/pkg/cache/v3"
	"github.com/envoyproxy/go-control-plane/pkg/resource/v3"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/anypb"

	// Messages that stand as Any inside of resources.
	_ "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	_ "github.com/envoyproxy/go-control-plane/envoy/config/endpoint/v3"
	_ "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	_ "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/lua/v3"
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/router/v3"
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
)

const anyNode = "any"

// oneForAll gives every proxy the same snapshot.
type oneForAll struct{}

func (oneForAll) ID(*core.Node) string { return anyNode }

func setSnapshot(request *http.Request, snapshots cache.SnapshotCache) error {
	var wish struct {
		Version   string            `json:"version"`
		Resources []json.RawMessage `json:"resources"`
	}
	if err := json.NewDecoder(request.Body).Decode(&wish); err != nil {
		return err
	}
	byType := map[resource.Type][]types.Resource{
		// A type without a version is never answered.
		resource.ClusterType: nil, resource.EndpointType: nil, resource.ListenerType: nil, resource.RouteType: nil,
	}
	for _, text := range wish.Resources {
		var packed anypb.Any
		if err := protojson.Unmarshal(text, &packed); err != nil {
			return err
		}
		message, err := packed.UnmarshalNew()
		if err != nil {
			return err
		}
		byType[packed.TypeUrl] = append(byType[packed.TypeUrl], message)
	}
	snapshot, err := cache.NewSnapshot(wish.Version, byType)
	if err != nil {
		return err
	}
	return snapshots.SetSnapshot(request.Context(), anyNode, snapshot)
}
