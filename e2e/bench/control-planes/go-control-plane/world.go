package main

import (
	"fmt"

	cluster "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	core "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	endpoint "github.com/envoyproxy/go-control-plane/envoy/config/endpoint/v3"
	"github.com/envoyproxy/go-control-plane/pkg/cache/types"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// world is what is served; assignments change, the slices' lengths do not.
type world struct {
	clusters    []types.Resource
	assignments []types.Resource
	instances   int
}

func serviceName(service int) string { return fmt.Sprintf("service-%d", service) }

func newWorld(services, instances int) *world {
	made := &world{instances: instances}
	for service := range services {
		made.clusters = append(made.clusters, newCluster(serviceName(service)))
		made.assignments = append(made.assignments, newAssignment(service, instances, 1))
	}
	return made
}

func newCluster(name string) *cluster.Cluster {
	return &cluster.Cluster{
		Name:                 name,
		ConnectTimeout:       durationpb.New(5_000_000_000),
		ClusterDiscoveryType: &cluster.Cluster_Type{Type: cluster.Cluster_EDS},
		EdsClusterConfig: &cluster.Cluster_EdsClusterConfig{
			EdsConfig: &core.ConfigSource{
				ResourceApiVersion:    core.ApiVersion_V3,
				ConfigSourceSpecifier: &core.ConfigSource_Ads{Ads: &core.AggregatedConfigSource{}},
			},
		},
	}
}

// newAssignment gives the first endpoint its weight and every other the weight 1.
func newAssignment(service, instances int, firstWeight uint32) *endpoint.ClusterLoadAssignment {
	var endpoints []*endpoint.LbEndpoint
	for instance := range instances {
		weight := uint32(1)
		if instance == 0 {
			weight = firstWeight
		}
		endpoints = append(endpoints, &endpoint.LbEndpoint{
			LoadBalancingWeight: wrapperspb.UInt32(weight),
			HostIdentifier: &endpoint.LbEndpoint_Endpoint{Endpoint: &endpoint.Endpoint{Address: &core.Address{
				Address: &core.Address_SocketAddress{SocketAddress: &core.SocketAddress{
					Address:       fmt.Sprintf("10.%d.%d.%d", service>>8, service&255, instance+1),
					PortSpecifier: &core.SocketAddress_PortValue{PortValue: 8080},
				}},
			}}},
		})
	}
	return &endpoint.ClusterLoadAssignment{
		ClusterName: serviceName(service),
		Endpoints:   []*endpoint.LocalityLbEndpoints{{LbEndpoints: endpoints, LoadBalancingWeight: wrapperspb.UInt32(1)}},
	}
}
