package main

import (
	"encoding/base64"

	udpa "github.com/cncf/xds/go/udpa/annotations"
	xds "github.com/cncf/xds/go/xds/annotations/v3"
	"github.com/envoyproxy/go-control-plane/envoy/annotations"
	"github.com/envoyproxy/protoc-gen-validate/validate"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
)

func extrasOf(field protoreflect.FieldDescriptor) fieldExtras {
	options := field.Options().(*descriptorpb.FieldOptions)
	extras := fieldExtras{
		Deprecated: options.GetDeprecated(),
		Disallowed: proto.GetExtension(options, annotations.E_DisallowedByDefault).(bool),
		Sensitive: proto.GetExtension(options, udpa.E_Sensitive).(bool) ||
			proto.GetExtension(options, xds.E_Sensitive).(bool),
		Unpacked: field.IsList() && isPackable(field.Kind()) && !field.IsPacked(),
	}
	if field.JSONName() != lowerCamel(string(field.Name())) {
		extras.JSONName = field.JSONName()
	}
	if rules := proto.GetExtension(options, validate.E_Rules).(*validate.FieldRules); rules != nil {
		extras.Rules = plain(rules.ProtoReflect())
	}
	return extras
}

func isPackable(kind protoreflect.Kind) bool {
	return kind != protoreflect.StringKind && kind != protoreflect.BytesKind && kind != protoreflect.MessageKind
}

// lowerCamel is the rule by which the language derives a field's JSON name; readers of the table repeat it.
func lowerCamel(name string) string {
	out := make([]byte, 0, len(name))
	upper := false
	for i := 0; i < len(name); i++ {
		c := name[i]
		if c == '_' {
			upper = true
			continue
		}
		if upper && 'a' <= c && c <= 'z' {
			c -= 'a' - 'A'
		}
		out = append(out, c)
		upper = false
	}
	return string(out)
}

func isValidationDisabled(message protoreflect.MessageDescriptor) bool {
	options := message.Options()
	return proto.GetExtension(options, validate.E_Disabled).(bool) ||
		proto.GetExtension(options, validate.E_Ignored).(bool)
}

func isOneofRequired(oneof protoreflect.OneofDescriptor) bool {
	return proto.GetExtension(oneof.Options(), validate.E_Required).(bool)
}

func enumValueMarks(value protoreflect.EnumValueDescriptor) (deprecated bool, disallowed bool) {
	options := value.Options().(*descriptorpb.EnumValueOptions)
	return options.GetDeprecated(), proto.GetExtension(options, annotations.E_DisallowedByDefaultEnum).(bool)
}

// plain turns a message into JSON-able facts: every value of a list, 64-bit numbers as numbers, bytes as base64.
func plain(message protoreflect.Message) map[string]any {
	out := map[string]any{}
	message.Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		if field.IsList() {
			list := []any{}
			for i := 0; i < value.List().Len(); i++ {
				list = append(list, plainValue(field, value.List().Get(i)))
			}
			out[string(field.Name())] = list
		} else {
			out[string(field.Name())] = plainValue(field, value)
		}
		return true
	})
	return out
}

func plainValue(field protoreflect.FieldDescriptor, value protoreflect.Value) any {
	switch field.Kind() {
	case protoreflect.MessageKind:
		return plain(value.Message())
	case protoreflect.EnumKind:
		return field.Enum().Values().ByNumber(value.Enum()).Name()
	case protoreflect.BytesKind:
		return base64.StdEncoding.EncodeToString(value.Bytes())
	}
	return value.Interface()
}
