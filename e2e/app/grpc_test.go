package main

import (
	"context"
	"net"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/types/known/emptypb"
)

// TestGRPC: the app is healthy, answers an invocation as Dapr makes it, and has
// no other service.
func TestGRPC(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	_, port, err := net.SplitHostPort(listener.Addr().String())
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	t.Setenv("PORT", port)
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- serveGRPC(ctx) }()

	connection, err := grpc.NewClient("127.0.0.1:"+port, grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	defer connection.Close()
	calls, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	said, err := healthpb.NewHealthClient(connection).Check(calls, &healthpb.HealthCheckRequest{}, grpc.WaitForReady(true))
	require.NoError(t, err)
	require.Equal(t, healthpb.HealthCheckResponse_SERVING, said.GetStatus())

	var request, response emptypb.Empty
	fields := protowire.AppendTag(nil, 3, protowire.BytesType) // content_type
	fields = protowire.AppendString(fields, "text/plain")
	fields = protowire.AppendTag(fields, 1, protowire.BytesType) // method
	request.ProtoReflect().SetUnknown(protowire.AppendString(fields, "greet"))
	require.NoError(t, connection.Invoke(calls, "/dapr.proto.runtime.v1.AppCallback/OnInvoke", &request, &response))
	require.Equal(t, strconv.Quote("\n\a\x12\x05greet\x12\ntext/plain"), strconv.Quote(string(response.ProtoReflect().GetUnknown())))
	require.NoError(t, connection.Invoke(calls, "/dapr.proto.runtime.v1.AppCallbackHealthCheck/HealthCheck", &request, &response))
	err = connection.Invoke(calls, "/dapr.proto.runtime.v1.AppCallback/ListTopicSubscriptions", &request, &response)
	require.Equal(t, codes.Unimplemented, status.Code(err))

	stop()
	require.NoError(t, <-served)
}
