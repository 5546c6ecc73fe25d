package pack

import (
	"github.com/pulumi/pulumi/sdk/v3/go/property"

	"github.com/daprstack/daprstack/policy/check"
)

// plain converts the properties of a resource to plain values for the checks.
func plain(properties property.Map) map[string]any {
	m, _ := plainValue(property.New(properties), false).(map[string]any)
	return m
}

// plainValue never reads an unknown value: that panics, and the pack is gone.
// Secrecy is passed down to the scalars.
func plainValue(v property.Value, secret bool) any {
	secret = secret || v.Secret()
	scalar := func(v any) any {
		if secret {
			return check.Secret{Value: v}
		}
		return v
	}
	switch {
	case v.IsComputed():
		return check.Unknown{}
	case v.IsString():
		return scalar(v.AsString())
	case v.IsNumber():
		return scalar(v.AsNumber())
	case v.IsBool():
		return scalar(v.AsBool())
	case v.IsArray():
		list := make([]any, 0, v.AsArray().Len())
		for _, item := range v.AsArray().All {
			list = append(list, plainValue(item, secret))
		}
		return list
	case v.IsMap():
		m := make(map[string]any, v.AsMap().Len())
		for key, item := range v.AsMap().All {
			m[key] = plainValue(item, secret)
		}
		return m
	}
	return nil // null, or nothing that a manifest can contain
}
