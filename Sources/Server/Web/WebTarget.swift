import ContractRuntime
import Dashboard
import Generated

/// The page, form or operation that a browser requests.
struct WebTarget: RequestTarget {
    enum Destination {
        case asset
        case reference
        /// The API's health, which scripts and probes read without a session.
        case health
        case signInPage
        case signIn
        /// The start page, which depends on the session.
        case home
        /// A GET operation of the API.
        case operation(Route, Request)
        case unknownOperation
        case signOut
        case preferences
        /// A page of the dashboard, or one of its forms.
        case page
    }

    let head: WebRequestHead
    let destination: Destination

    var id: String { head.id }
    var bodyLimit: Int? { 256 * 1_024 }
    var usesReserve: Bool { true }
    /// `WebResponder.route` checks the media type of forms, before the session is looked up.
    var mediaTypes: [String] { [] }

    init(_ head: WebRequestHead) {
        self.head = head
        destination = Self.destination(of: head)
    }

    /// Whether the caller must have a session.
    var needsSession: Bool {
        switch destination {
        case .asset, .reference, .health, .signInPage, .signIn: false
        case .home, .operation, .unknownOperation, .signOut, .preferences, .page: true
        }
    }

    private static func destination(of head: WebRequestHead) -> Destination {
        switch (head.path.first, head.isPost) {
        case (nil, false): .home
        case ("assets", false): .asset
        case ("reference", false) where head.path.count == 1: .reference
        case ("api", false): operation(of: head)
        case ("login", let isPost) where head.path.count == 1: isPost ? .signIn : .signInPage
        case ("logout", true) where head.path.count == 1: .signOut
        case ("preferences", true) where head.path.count == 1: .preferences
        default: .page
        }
    }

    private static func operation(of head: WebRequestHead) -> Destination {
        if head.path == ["api", "healthz"] { return .health }
        if head.path == ["api", "stream"] { return .operation(.watchEvents, Request(headers: head.headers)) }
        var path = String(head.rawPath.dropFirst("/api".count))
        let found = path.withUTF8 { bytes -> (Route, [String])? in
            let segments = PathSegments(UnsafeRawBufferPointer(bytes))
            return PathItem.match(segments, query: head.query.text).flatMap { item in
                item.get.map { ($0, segments.values(of: item.parameters)) }
            }
        }
        // Public operations are for agents and probes, which use the API's listener.
        guard let (route, parameters) = found, !route.security.isEmpty else { return .unknownOperation }
        return .operation(route, Request(pathParameters: parameters, query: head.rawQuery, headers: head.headers))
    }
}
