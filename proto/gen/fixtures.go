package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

// A fixture is one message as Go encodes it and as Go prints it in JSON.
type fixture struct {
	Type  string          `json:"type"`
	Bytes string          `json:"bytes"`
	JSON  json.RawMessage `json:"json"`
}

// The sources are JSON for brevity; between them they use every kind of field.
var fixtureSources = []struct{ typeName, json string }{
	{"envoy.config.cluster.v3.Cluster", `{
		"name": "cart", "type": "EDS", "edsClusterConfig": {"serviceName": "", "edsConfig": {"ads": {}, "resourceApiVersion": "V3"}},
		"connectTimeout": "0.250s", "lbPolicy": "LEAST_REQUEST", "leastRequestLbConfig": {"choiceCount": 3},
		"perConnectionBufferLimitBytes": 0,
		"circuitBreakers": {"thresholds": [{"maxConnections": 0, "maxRequests": 4294967295, "retryBudget": {"budgetPercent": {"value": 12.5}}}]},
		"metadata": {"filterMetadata": {"b": {"x": 1}, "a": {"list": [1.5, "two", true, null, {"deep": {}}], "empty": []}}},
		"typedExtensionProtocolOptions": {"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
			"@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
			"explicitHttpConfig": {"http2ProtocolOptions": {"maxConcurrentStreams": 100}}}},
		"healthChecks": [{"timeout": "1s", "interval": "5s", "unhealthyThreshold": 2, "healthyThreshold": 1,
			"httpHealthCheck": {"path": "/healthz", "expectedStatuses": [{"start": "200", "end": "300"}]}}]}`},
	{"envoy.config.endpoint.v3.ClusterLoadAssignment", `{
		"clusterName": "cart", "endpoints": [{"locality": {"region": "r", "zone": "z"}, "priority": 1, "loadBalancingWeight": 7,
			"lbEndpoints": [{"endpoint": {"address": {"socketAddress": {"address": "::1", "portValue": 65535}}}, "healthStatus": "DRAINING"},
				{"endpointName": "named"}]}],
		"namedEndpoints": {"named": {"address": {"pipe": {"path": "/run/a.sock", "mode": 438}}}},
		"policy": {"overprovisioningFactor": 140, "weightedPriorityHealth": true}}`},
	{"envoy.config.route.v3.RouteConfiguration", `{
		"name": "main", "virtualHosts": [{"name": "all", "domains": ["*", "ünï.test"], "routes": [
			{"match": {"prefix": "", "headers": [{"name": "x", "rangeMatch": {"start": "-9223372036854775808", "end": "9223372036854775807"}}]},
				"route": {"weightedClusters": {"clusters": [{"name": "a", "weight": 90}, {"name": "b", "weight": 0}]}, "timeout": "-1.000000001s",
					"retryPolicy": {"retryOn": "5xx", "retriableStatusCodes": [503, 1, 300]}}},
			{"match": {"path": "/x", "runtimeFraction": {"defaultValue": {"numerator": 5, "denominator": "TEN_THOUSAND"}}},
				"directResponse": {"status": 200, "body": {"inlineBytes": "AAEC/w=="}}}]}]}`},
	{"envoy.config.listener.v3.Listener", `{
		"name": "in", "address": {"socketAddress": {"address": "0.0.0.0", "portValue": 0}},
		"filterChains": [{"filters": [{"name": "hcm", "typedConfig": {
			"@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
			"statPrefix": "in", "rds": {"routeConfigName": "main", "configSource": {"ads": {}}},
			"httpFilters": [{"name": "router", "typedConfig": {"@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router", "dynamicStats": false}},
				{"name": "other", "typedConfig": {"@type": "type.googleapis.com/xds.type.v3.TypedStruct", "typeUrl": "x/y.Z", "value": {"a": "b"}}}]}}]}]}`},
	{"envoy.service.discovery.v3.DeltaDiscoveryRequest", `{
		"node": {"id": "n", "userAgentBuildVersion": {"version": {"majorNumber": 1}}, "extensions": [{"name": "e"}]},
		"typeUrl": "t", "initialResourceVersions": {"z": "1", "a": "", "m": "3"},
		"errorDetail": {"code": 3, "message": "no", "details": [
			{"@type": "type.googleapis.com/google.protobuf.Duration", "value": "3s"},
			{"@type": "type.googleapis.com/google.protobuf.Struct", "value": {"k": [1, null]}},
			{"@type": "type.googleapis.com/google.protobuf.StringValue", "value": "text"},
			{"@type": "type.googleapis.com/google.protobuf.Empty", "value": {}}]}}`},
	{"envoy.admin.v3.ServerInfo", `{
		"version": "v", "state": "DRAINING", "uptimeCurrentEpoch": "90061s",
		"commandLineOptions": {"baseId": "18446744073709551615", "concurrency": 2, "drainTime": "0.000000001s"}}`},
	{"envoy.admin.v3.ClustersConfigDump", `{
		"versionInfo": "1", "dynamicActiveClusters": [{"versionInfo": "1", "lastUpdated": "2024-02-29T23:59:59.123456Z",
			"cluster": {"@type": "type.googleapis.com/envoy.config.cluster.v3.Cluster", "name": "c"}}]}`},
	{"envoy.data.accesslog.v3.HTTPAccessLogEntry", `{
		"commonProperties": {"sampleRate": 0.1, "timeToLastRxByte": "1.500s", "customTags": {"k": "v"}},
		"protocolVersion": "HTTP2", "request": {"requestMethod": "GET", "requestHeadersBytes": "9007199254740991"}}`},
	{"io.prometheus.client.Metric", `{
		"label": [{"name": "", "value": "v"}], "counter": {"value": -0.0}, "timestampMs": "0",
		"histogram": {"sampleCount": "5", "bucket": [{"cumulativeCount": "1", "upperBound": "Infinity"}], "positiveDelta": ["-1", "2"]}}`},
	{"google.protobuf.FieldMask", `"fooBar,baz.quxQuux"`},
}

func buildFixtures() []byte {
	fixtures := []fixture{}
	for _, source := range fixtureSources {
		messageType, err := protoregistry.GlobalTypes.FindMessageByName(protoreflect.FullName(source.typeName))
		fail(err)
		message := messageType.New().Interface()
		fail(protojson.Unmarshal([]byte(source.json), message))
		encoded, err := proto.MarshalOptions{Deterministic: true}.Marshal(message)
		fail(err)
		printed, err := protojson.Marshal(message)
		fail(err)
		var compact bytes.Buffer // protojson varies its white space on purpose
		fail(json.Compact(&compact, printed))
		fixtures = append(fixtures, fixture{source.typeName, base64.StdEncoding.EncodeToString(encoded), compact.Bytes()})
	}
	out, err := json.MarshalIndent(fixtures, "", " ")
	fail(err)
	return append(out, '\n')
}
