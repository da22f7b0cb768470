import Foundation
import Logging
import NIOHTTP1
import NIOPosix
import Synchronization

@testable import Server

/// A collector of traces that stores the spans that it gets, or responds as configured.
final class TraceCollector: OpenResponder {
    /// A span of an export.
    struct Span {
        let traceID: String
        let spanID: String
        let parentID: String?
        let name: String
        let kind: Int
        let attributes: [String: String]
        let isError: Bool

        init?(_ json: Any) {
            guard let json = json as? [String: Any], let traceID = json["traceId"] as? String,
                let spanID = json["spanId"] as? String, let name = json["name"] as? String,
                let kind = json["kind"] as? Int
            else { return nil }
            (self.traceID, self.spanID, self.name, self.kind) = (traceID, spanID, name, kind)
            parentID = json["parentSpanId"] as? String
            attributes = TraceCollector.attributes(json)
            isError = (json["status"] as? [String: Any])?["code"] as? Int == 2
        }
    }

    private struct State {
        var exports: [String] = []
        var heads: [HTTPRequestHead] = []
    }

    private let state = Mutex(State())
    /// Returns the status of an attempt.
    private let status: @Sendable (_ attempt: Int) async -> Int

    init(_ status: @escaping @Sendable (_ attempt: Int) async -> Int = { _ in 200 }) {
        self.status = status
    }

    /// The bodies of the accepted exports.
    var exports: [String] { state.withLock { $0.exports } }
    /// The heads of all exports.
    var heads: [HTTPRequestHead] { state.withLock { $0.heads } }

    /// The spans of the accepted exports.
    var spans: [Span] {
        resources.flatMap { resource in
            (resource["scopeSpans"] as? [[String: Any]] ?? []).flatMap { scope in
                (scope["spans"] as? [Any] ?? []).compactMap { Span($0) }
            }
        }
    }

    /// The attributes of the resource of the first export.
    var resource: [String: String] {
        (resources.first?["resource"] as? [String: Any]).map { Self.attributes($0) } ?? [:]
    }

    private var resources: [[String: Any]] {
        exports.flatMap { text in
            let json = try? JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
            return json?["resourceSpans"] as? [[String: Any]] ?? []
        }
    }

    private static func attributes(_ json: [String: Any]) -> [String: String] {
        var attributes: [String: String] = [:]
        for case let item as [String: Any] in json["attributes"] as? [Any] ?? [] {
            guard let key = item["key"] as? String, let value = item["value"] as? [String: Any] else { continue }
            attributes[key] = value.values.first as? String
        }
        return attributes
    }

    func respond(to head: HTTPRequestHead, _ body: [UInt8]) async -> ServerResponse {
        let attempt = state.withLock { state in
            state.heads.append(head)
            return state.heads.count
        }
        let status = await status(attempt)
        if status == 200 { state.withLock { $0.exports.append(String(decoding: body, as: UTF8.self)) } }
        return ServerResponse(status: status, contentType: "application/json", body: Array("{}".utf8), requestID: "c")
    }
}

extension OpenResponder {
    /// Runs `body` with the responder's URL, without a path, while it listens.
    func listening<R: Sendable>(_ body: @Sendable (_ url: String) async throws -> R) async throws -> R {
        let listener = try await HTTPListener.start(
            at: ListeningSocket(at: ListenAddress(host: "127.0.0.1", port: 0)),
            on: MultiThreadedEventLoopGroup.singleton,
            tls: nil,
            limits: .withoutGrace,
            responder: self,
            logger: Logger(label: "tests") { _ in SwiftLogNoOpLogHandler() }
        )
        let result = await Result { try await body(listener.address) }
        await listener.stop()
        return try result.get()
    }
}
