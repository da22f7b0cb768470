import ContractRuntime
import NIOHTTP1

@testable import Server

/// A responder without routes and credentials.
protocol OpenResponder: Responder where Target == OpenTarget, Caller == OpenCaller {
    func respond(to head: HTTPRequestHead, _ body: [UInt8]) async -> ServerResponse
}

/// A request's head.
struct OpenTarget: RequestTarget {
    let head: HTTPRequestHead
    let id = "r"
    let mediaTypes: [String] = []
    let bodyLimit: Int? = nil
    let usesReserve = false
}

/// Any caller.
struct OpenCaller {}

extension OpenResponder {
    func target(of head: HTTPRequestHead, from client: Client) throws(Rejection) -> (OpenTarget, OpenCaller?) {
        (OpenTarget(head: head), OpenCaller())
    }

    func authorize(_ target: OpenTarget, _ body: [UInt8]) async throws(Rejection) -> OpenCaller { OpenCaller() }

    func handle(_ target: OpenTarget, by caller: OpenCaller, _ body: [UInt8]) async throws(Problem) -> ServerResponse {
        await respond(to: target.head, body)
    }

    func log(_ target: OpenTarget, status: Int, _ problem: Problem?) {}

    func measure(_ target: OpenTarget, status: Int, _ duration: Duration) {}
}
