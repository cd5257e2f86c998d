"""Calls the echo service with grpcio: grpcio-client.py <port>. Ends with 0 when everything came back as it should."""

import sys

import grpc

LARGE = bytes(range(256)) * 4096


def main(port: int) -> None:
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        unary = channel.unary_unary("/heddle.Echo/Unary")
        answer, call = unary.with_call(LARGE, metadata=(("x-sent-bin", b"\x00\xff"),), timeout=20)
        assert answer == LARGE, len(answer)
        trailers = dict(call.trailing_metadata())
        assert trailers["x-answered-bin"] == b"\x00\xff", trailers

        messages = [b"", b"one", LARGE, b"last"]
        stream = channel.stream_stream("/heddle.Echo/Stream")
        assert list(stream(iter(messages), timeout=20)) == messages

        expect(grpc.StatusCode.FAILED_PRECONDITION, "grün & 100 %", channel, "Fail", "grün & 100 %".encode(), 20)
        expect(grpc.StatusCode.UNIMPLEMENTED, None, channel, "Nothing", b"", 20)
        expect(grpc.StatusCode.DEADLINE_EXCEEDED, None, channel, "Sleep", b"", 0.2)

        pending = channel.unary_unary("/heddle.Echo/Sleep").future(b"")
        pending.cancel()
        assert pending.cancelled()


def expect(code, details, channel, method, request, timeout) -> None:
    try:
        channel.unary_unary(f"/heddle.Echo/{method}")(request, timeout=timeout)
    except grpc.RpcError as error:
        assert error.code() == code, error
        assert details is None or error.details() == details, error
    else:
        raise AssertionError(f"{method} ended well")


main(int(sys.argv[1]))
