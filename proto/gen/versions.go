package main

import (
	"encoding/json"
	"runtime/debug"
	"strings"
)

// The modules whose descriptors the table holds, besides the Go runtime's own well-known types.
var sources = []string{
	"github.com/envoyproxy/go-control-plane/envoy",
	"github.com/cncf/xds/go",
	"github.com/envoyproxy/protoc-gen-validate",
	"google.golang.org/genproto/googleapis/api",
	"google.golang.org/genproto/googleapis/rpc",
	"google.golang.org/protobuf",
	"cel.dev/expr",
	"go.opentelemetry.io/proto/otlp",
	"github.com/prometheus/client_model",
}

func buildVersions() []byte {
	info, _ := debug.ReadBuildInfo()
	versions := map[string]string{}
	for _, dependency := range info.Deps {
		versions[dependency.Path] = dependency.Version
	}
	modules := map[string]string{}
	for _, source := range sources {
		modules[source] = versions[source]
	}
	encoded, err := json.MarshalIndent(map[string]any{
		"envoy":   strings.TrimPrefix(versions[sources[0]], "v"),
		"modules": modules,
	}, "", "  ")
	fail(err)
	return append(encoded, '\n')
}
