import ContractRuntime
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import TestSupport
import Testing

@testable import Server

/// Responses that are sent as they are generated.
@Suite struct StreamTests {
    /// Responds to every request with a stream.
    private struct StreamResponder: OpenResponder {
        let stream: ByteStream

        func respond(to head: HTTPRequestHead, _ body: [UInt8]) async -> ServerResponse {
            let events = ServerEvents<JSONValue> { [stream] in
                let turns = stream.makeAsyncIterator()
                // The stream below requests one element at a time, so no access is concurrent.
                nonisolated(unsafe) var iterator = turns
                return AsyncThrowingStream {
                    try await iterator.next().map { ServerEvent(.string(String(decoding: $0, as: UTF8.self))) }
                }
            }
            return ServerResponse(Response(status: 200, .events(events)), requestID: "r")
        }
    }

    private func withServer(_ stream: ByteStream, _ body: (RawHTTP) async throws -> Void) async throws {
        let listener = try await HTTPListener.start(
            at: ListeningSocket(at: ListenAddress(host: "127.0.0.1", port: 0)),
            on: MultiThreadedEventLoopGroup.singleton,
            tls: nil,
            limits: .withoutGrace,
            responder: StreamResponder(stream: stream),
            logger: Logger(label: "tests") { _ in SwiftLogNoOpLogHandler() }
        )
        let port = listener.address.split(separator: ":").last.flatMap { Int($0) } ?? 0
        let result = await Result { try await body(RawHTTP(port: port)) }
        await listener.stop()
        try result.get()
    }

    @Test func `events are sent in chunks, and the connection stays open`() async throws {
        let words = ByteStream {
            AsyncThrowingStream { continuation in
                for word in ["one", "two"] { continuation.yield(Array(word.utf8)) }
                continuation.finish()
            }
        }
        try await withServer(words) { http in
            for _ in 0..<2 {
                let response = try await http.send("GET", "/")
                #expect(response.status == 200)
                #expect(response.headers["content-type"] == "text/event-stream")
                #expect(response.headers["transfer-encoding"] == "chunked")
                #expect(response.body.contains("data: \"one\"\n\n"))
                #expect(response.body.contains("data: \"two\"\n\n"))
            }
        }
    }
}
