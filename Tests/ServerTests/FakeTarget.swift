import ContractRuntime
import Foundation
import NIOCore
import NIOHTTP1
import Synchronization

@testable import Server

/// A notification target that stores messages and responds as configured.
final class FakeTarget: OpenResponder {
    /// The response to a message.
    enum Behaviour {
        case takes
        case answers(Int, headers: [String: String] = [:])
        case hangs(Duration)
    }

    private struct State {
        var messages: [String] = []
        var attempts = 0
        var behaviour: @Sendable (_ attempt: Int) -> Behaviour
    }

    private let state: Mutex<State>

    init(_ behaviour: @escaping @Sendable (_ attempt: Int) -> Behaviour = { _ in .takes }) {
        state = Mutex(State(behaviour: behaviour))
    }

    /// The `content` of each accepted message.
    var messages: [String] { state.withLock { $0.messages } }
    /// The number of attempts.
    var attempts: Int { state.withLock { $0.attempts } }

    func respond(to head: HTTPRequestHead, _ body: [UInt8]) async -> ServerResponse {
        let behaviour = state.withLock { state in
            state.attempts += 1
            return state.behaviour(state.attempts)
        }
        switch behaviour {
        case .hangs(let time):
            try? await Task.sleep(for: time)
            return ServerResponse(status: 204, contentType: nil, body: [], requestID: "fake")
        case .answers(let status, let headers):
            var answer = ServerResponse(status: status, contentType: nil, body: [], requestID: "fake")
            for (name, value) in headers { answer.headers.replaceOrAdd(name: name, value: value) }
            return answer
        case .takes:
            let json = try? JSONSerialization.jsonObject(with: Data(body)) as? [String: Any]
            let mentions = (json?["allowed_mentions"] as? [String: [String]])?["parse"]
            let content = json?["content"] as? String ?? (json?["messages"] as? [String])?.joined(separator: "\n") ?? ""
            state.withLock {
                $0.messages.append(mentions == [] || json?["messages"] != nil ? content : "mentions: \(content)")
            }
            return ServerResponse(status: 204, contentType: nil, body: [], requestID: "fake")
        }
    }

    /// Runs `body` with the URL of the target while it listens.
    func listen<R: Sendable>(_ body: @Sendable (_ url: String) async throws -> R) async throws -> R {
        try await listening { url in try await body(url + "/hook") }
    }
}

extension HTTPListener {
    /// Stops immediately.
    func stop() async {
        try? await stopAccepting().get()
    }
}

extension HTTPLimits {
    /// Limits with which a listener closes all connections as soon as it stops.
    static var withoutGrace: HTTPLimits {
        var limits = HTTPLimits()
        limits.shutdownGrace = .zero
        limits.shutdownTime = .zero
        return limits
    }
}
