package main

import (
	"context"
	"fmt"
	"sync"

	core "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	"github.com/envoyproxy/go-control-plane/pkg/cache/types"
	"github.com/envoyproxy/go-control-plane/pkg/cache/v3"
	"github.com/envoyproxy/go-control-plane/pkg/resource/v3"
)

var backgroundContext = context.Background()

// served is a cache that can be told of a change.
type served interface {
	cache() cache.Cache
	change(service int, weight uint32) error
}

func newServed(kind string, world *world) (served, error) {
	switch kind {
	case "snapshot":
		return newSnapshotServed(world)
	case "linear":
		return newLinearServed(world), nil
	}
	return nil, fmt.Errorf("no cache is called %q", kind)
}

const anyNode = "any"

type oneForAll struct{}

func (oneForAll) ID(*core.Node) string { return anyNode }

type snapshotServed struct {
	mutex   sync.Mutex
	world   *world
	version int
	all     cache.SnapshotCache
}

func newSnapshotServed(world *world) (*snapshotServed, error) {
	made := &snapshotServed{world: world, all: cache.NewSnapshotCache(true, oneForAll{}, nil)}
	return made, made.publish()
}

func (s *snapshotServed) cache() cache.Cache { return s.all }

func (s *snapshotServed) change(service int, weight uint32) error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.world.assignments[service] = newAssignment(service, s.world.instances, weight)
	return s.publish()
}

func (s *snapshotServed) publish() error {
	s.version++
	snapshot, err := cache.NewSnapshot(fmt.Sprint(s.version), map[resource.Type][]types.Resource{
		resource.ClusterType:  s.world.clusters,
		resource.EndpointType: s.world.assignments,
	})
	if err != nil {
		return err
	}
	return s.all.SetSnapshot(backgroundContext, anyNode, snapshot)
}

type linearServed struct {
	world     *world
	mux       cache.MuxCache
	endpoints *cache.LinearCache
}

func newLinearServed(world *world) *linearServed {
	clusters := cache.NewLinearCache(resource.ClusterType, cache.WithInitialResources(byName(world.clusters)))
	endpoints := cache.NewLinearCache(resource.EndpointType, cache.WithInitialResources(byName(world.assignments)))
	return &linearServed{world: world, endpoints: endpoints, mux: cache.MuxCache{
		Classify:      func(request *cache.Request) string { return request.GetTypeUrl() },
		ClassifyDelta: func(request *cache.DeltaRequest) string { return request.GetTypeUrl() },
		Caches:        map[string]cache.Cache{resource.ClusterType: clusters, resource.EndpointType: endpoints},
	}}
}

func byName(resources []types.Resource) map[string]types.Resource {
	named := map[string]types.Resource{}
	for _, each := range resources {
		named[cache.GetResourceName(each)] = each
	}
	return named
}

func (s *linearServed) cache() cache.Cache { return &s.mux }

func (s *linearServed) change(service int, weight uint32) error {
	return s.endpoints.UpdateResource(serviceName(service), newAssignment(service, s.world.instances, weight))
}
