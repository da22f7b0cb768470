import ContractRuntime
import NIOHTTP1

/// The steps of a request in which listeners differ, in the order in which `RequestPipeline` takes them.
protocol Responder: Sendable {
    associatedtype Target: RequestTarget
    associatedtype Caller: Sendable

    /// Finds the operation or page of a request, and authorizes the caller by the header fields.
    ///
    /// - Returns: The target, and its caller; nil if its credentials must be looked up in the database.
    func target(of head: HTTPRequestHead, from client: Client) throws(Rejection) -> (Target, Caller?)

    /// Authorizes a caller with the database.
    func authorize(_ target: Target, _ body: [UInt8]) async throws(Rejection) -> Caller

    /// Performs the operation or renders the page.
    func handle(_ target: Target, by caller: Caller, _ body: [UInt8]) async throws(Problem) -> ServerResponse

    /// Logs a response that `handle` returned, or the problem that it threw.
    func log(_ target: Target, status: Int, _ problem: Problem?)

    /// Counts a response.
    ///
    /// - Parameter duration: The time that `handle` took; zero if the request was not handled.
    func measure(_ target: Target, status: Int, _ duration: Duration)
}

/// The operation or page of a request.
protocol RequestTarget: Sendable {
    /// The request's id.
    var id: String { get }
    /// The media types of bodies that it reads; empty if it ignores bodies.
    var mediaTypes: [String] { get }
    /// The maximum number of bytes in a body; nil for the listener's limit.
    var bodyLimit: Int? { get }
    /// Whether it may use the reserved database connections, which agents must not exhaust.
    var usesReserve: Bool { get }

    /// The template of its path, for traces; nil if it has none.
    func template(in templates: RouteTemplates) -> String?
}

extension RequestTarget {
    func template(in templates: RouteTemplates) -> String? { nil }
}

/// The end of a request before it is handled.
struct Rejection: Error {
    let response: ServerResponse
    /// Whether the connection is closed without reading the rest of the request.
    let closes: Bool

    init(_ response: ServerResponse, closes: Bool = false) {
        self.response = response
        self.closes = closes
    }
}
