package main

import (
	"context"
	"net"
	"os"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/types/known/emptypb"
)

// serveGRPC serves gRPC's health service, and of Dapr's callbacks the invocation,
// which is answered with the name of its method, and the health check.
func serveGRPC(ctx context.Context) error {
	listener, err := net.Listen("tcp", ":"+os.Getenv("PORT"))
	if err != nil {
		return err
	}
	server := grpc.NewServer(grpc.UnknownServiceHandler(callback))
	healthpb.RegisterHealthServer(server, health.NewServer())
	context.AfterFunc(ctx, server.GracefulStop)
	return server.Serve(listener)
}

// callback is Dapr's AppCallback without Dapr's module: messages are read and
// written by the numbers of their fields.
func callback(_ any, stream grpc.ServerStream) error {
	var request, response emptypb.Empty // keeps the fields that it does not know
	if err := stream.RecvMsg(&request); err != nil {
		return err
	}
	switch method, _ := grpc.MethodFromServerStream(stream); method {
	case "/dapr.proto.runtime.v1.AppCallback/OnInvoke":
		response.ProtoReflect().SetUnknown(invoked(request.ProtoReflect().GetUnknown()))
	case "/dapr.proto.runtime.v1.AppCallbackHealthCheck/HealthCheck":
	default:
		return status.Error(codes.Unimplemented, method)
	}
	return stream.SendMsg(&response)
}

// invoked is an InvokeResponse whose data is the method of an InvokeRequest.
func invoked(request []byte) []byte {
	var data, response []byte
	data = protowire.AppendTag(data, 2, protowire.BytesType) // value of Any
	data = protowire.AppendBytes(data, method(request))
	response = protowire.AppendTag(response, 1, protowire.BytesType) // data
	response = protowire.AppendBytes(response, data)
	response = protowire.AppendTag(response, 2, protowire.BytesType) // content_type
	return protowire.AppendString(response, "text/plain")
}

// method is the first field of an InvokeRequest.
func method(request []byte) []byte {
	for len(request) > 0 {
		number, kind, tag := protowire.ConsumeTag(request)
		if tag < 0 {
			return nil
		}
		request = request[tag:]
		if number == 1 && kind == protowire.BytesType {
			value, _ := protowire.ConsumeBytes(request)
			return value
		}
		length := protowire.ConsumeFieldValue(number, kind, request)
		if length < 0 {
			return nil
		}
		request = request[length:]
	}
	return nil
}
