package main

import (
	"bytes"
	"encoding/json"
	"sort"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

// The table holds one line per message, enum and service: its full name, a space, a JSON object.
// Lines are sorted by name, byte by byte, so that a reader finds one by binary search.
type table map[string]any

type messageFacts struct {
	Fields   [][]any `json:"fields"`
	Oneofs   []any   `json:"oneofs,omitempty"`
	Disabled bool    `json:"disabled,omitempty"`
}

type fieldExtras struct {
	JSONName   string         `json:"json,omitempty"`
	Deprecated bool           `json:"deprecated,omitempty"`
	Disallowed bool           `json:"disallowed,omitempty"`
	Sensitive  bool           `json:"sensitive,omitempty"`
	Unpacked   bool           `json:"unpacked,omitempty"`
	Rules      map[string]any `json:"rules,omitempty"`
}

type enumFacts struct {
	Values     [][]any  `json:"values"`
	Deprecated []string `json:"deprecated,omitempty"`
	Disallowed []string `json:"disallowed,omitempty"`
}

type serviceFacts struct {
	Methods [][]any `json:"methods"`
}

func buildTable() []byte {
	found := table{}
	protoregistry.GlobalFiles.RangeFiles(func(file protoreflect.FileDescriptor) bool {
		if isRoot(file) {
			found.addMessages(file.Messages())
			found.addEnums(file.Enums())
			found.addServices(file.Services())
		}
		return true
	})
	names := make([]string, 0, len(found))
	for name := range found {
		names = append(names, name)
	}
	sort.Strings(names)
	var out bytes.Buffer
	for _, name := range names {
		out.WriteString(name + " ")
		encoder := json.NewEncoder(&out) // ends the line
		encoder.SetEscapeHTML(false)
		fail(encoder.Encode(found[name]))
	}
	return out.Bytes()
}

// isRoot tells whether everything in a file belongs to the table; the rest enters by reference only.
func isRoot(file protoreflect.FileDescriptor) bool {
	path := file.Path()
	switch {
	case strings.Contains(path, "/annotations/"), path == "google/protobuf/descriptor.proto":
		return false
	case strings.HasPrefix(path, "envoy/"):
		return strings.HasSuffix(string(file.Package()), ".v3")
	}
	for _, prefix := range []string{"xds/", "udpa/", "google/protobuf/", "google/rpc/"} {
		if strings.HasPrefix(path, prefix) {
			return true
		}
	}
	return false
}

func (t table) addMessages(messages protoreflect.MessageDescriptors) {
	for i := 0; i < messages.Len(); i++ {
		t.addMessage(messages.Get(i))
	}
}

func (t table) addEnums(enums protoreflect.EnumDescriptors) {
	for i := 0; i < enums.Len(); i++ {
		t.addEnum(enums.Get(i))
	}
}

func (t table) addMessage(message protoreflect.MessageDescriptor) {
	name := string(message.FullName())
	if _, known := t[name]; known || message.IsMapEntry() {
		return
	}
	facts := &messageFacts{Fields: [][]any{}, Disabled: isValidationDisabled(message)}
	t[name] = facts
	for i := 0; i < message.Oneofs().Len(); i++ {
		if oneof := message.Oneofs().Get(i); !oneof.IsSynthetic() {
			facts.Oneofs = append(facts.Oneofs, []any{oneof.Name(), isOneofRequired(oneof)})
		}
	}
	for i := 0; i < message.Fields().Len(); i++ {
		facts.Fields = append(facts.Fields, t.fieldFacts(message.Fields().Get(i)))
	}
	t.addMessages(message.Messages())
	t.addEnums(message.Enums())
}

func (t table) fieldFacts(field protoreflect.FieldDescriptor) []any {
	value, label := field, ""
	oneof := field.ContainingOneof()
	switch {
	case field.IsMap():
		value, label = field.MapValue(), "map "+field.MapKey().Kind().String()
	case field.IsList():
		label = "repeated"
	case oneof != nil && !oneof.IsSynthetic():
		label = "oneof " + string(oneof.Name())
	case field.HasPresence() && field.Message() == nil:
		label = "optional"
	}
	facts := []any{field.Number(), field.Name(), t.typeOf(value), label}
	extras := extrasOf(field)
	if encoded, err := json.Marshal(extras); err == nil && string(encoded) != "{}" {
		facts = append(facts, extras)
	}
	return facts
}

// typeOf names a scalar as the language does, a message with a leading dot, an enum with a leading hash.
func (t table) typeOf(field protoreflect.FieldDescriptor) string {
	switch field.Kind() {
	case protoreflect.MessageKind:
		t.addMessage(field.Message())
		return "." + string(field.Message().FullName())
	case protoreflect.EnumKind:
		t.addEnum(field.Enum())
		return "#" + string(field.Enum().FullName())
	}
	return field.Kind().String()
}

func (t table) addEnum(enum protoreflect.EnumDescriptor) {
	facts := &enumFacts{}
	for i := 0; i < enum.Values().Len(); i++ {
		value := enum.Values().Get(i)
		facts.Values = append(facts.Values, []any{value.Name(), value.Number()})
		deprecated, disallowed := enumValueMarks(value)
		if deprecated {
			facts.Deprecated = append(facts.Deprecated, string(value.Name()))
		}
		if disallowed {
			facts.Disallowed = append(facts.Disallowed, string(value.Name()))
		}
	}
	t[string(enum.FullName())] = facts
}

func (t table) addServices(services protoreflect.ServiceDescriptors) {
	for i := 0; i < services.Len(); i++ {
		service := services.Get(i)
		facts := &serviceFacts{}
		for j := 0; j < service.Methods().Len(); j++ {
			method := service.Methods().Get(j)
			t.addMessage(method.Input())
			t.addMessage(method.Output())
			facts.Methods = append(facts.Methods, []any{
				method.Name(), method.Input().FullName(), method.Output().FullName(),
				method.IsStreamingClient(), method.IsStreamingServer(),
			})
		}
		t[string(service.FullName())] = facts
	}
}
