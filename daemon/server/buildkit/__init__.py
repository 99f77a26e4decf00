"""BuildKit's side of the API: gRPC services over hijacked connections."""
