public import AsyncHTTPClient
public import ContractRuntime
import NIOCore
import NIOHTTP1

/// Sends an agent's requests to a control plane over HTTP. Redirects are not followed.
public struct HTTPTransport: Transport {
    /// The HTTP client, with one connection pool, that all agents of the process share. Do not shut it down.
    public static let sharedClient: HTTPClient = {
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.timeout.connect = .seconds(5)
        // Each agent keeps one connection busy with its poll. With HTTP/2 all agents would share the streams of one connection.
        configuration.httpVersion = .http1Only
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 8192
        // Fail immediately if the connection is refused. Requests that wait in the pool would all be sent in the moment the server is back.
        configuration.connectionPool.retryConnectionEstablishment = false
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }()

    private let client: HTTPClient
    private let url: String
    private let token: String?

    /// Creates a transport to one control plane.
    ///
    /// - Parameters:
    ///   - url: The base URL, without a slash at the end.
    ///   - token: The agent token of the instance; nil if it has none.
    ///   - client: The HTTP client. The default is the shared one.
    public init(url: String, token: String? = nil, client: HTTPClient = HTTPTransport.sharedClient) {
        self.client = client
        self.url = url
        self.token = token
    }

    /// Sends a request and reads the complete response.
    ///
    /// - Throws: AsyncHTTPClient's error if there is no response within 120 seconds; NIO's error if the body is larger than 16 MiB.
    public func send(_ request: ClientRequest) async throws -> ClientResponse {
        var sent = HTTPClientRequest(url: url + request.path + (request.query.isEmpty ? "" : "?" + request.query))
        sent.method = HTTPMethod(rawValue: request.method)
        sent.headers = HTTPHeaders(request.headers.map { ($0.name, $0.value) })
        sent.headers.add(name: "User-Agent", value: "flotilla-agentkit")
        if let token { sent.headers.add(name: "X-Agent-Token", value: token) }
        let (content, mediaType) = request.body.encoded(for: .request)
        if case .bytes(let bytes) = content, !bytes.isEmpty {
            sent.body = .bytes(bytes)
            if let mediaType { sent.headers.add(name: "Content-Type", value: mediaType) }
        }
        // An upper bound. ControlPlane has shorter limits and cancels the task.
        let response = try await client.execute(sent, timeout: .seconds(120))
        let body = try await response.body.collect(upTo: 16 << 20)
        return ClientResponse(
            status: Int(response.status.code),
            headers: HeaderFields(response.headers.map { ($0.name, $0.value) }),
            body: ByteStream(Array(buffer: body))
        )
    }
}
