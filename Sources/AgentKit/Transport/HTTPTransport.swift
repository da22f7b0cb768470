public import AsyncHTTPClient
public import ContractRuntime
import NIOCore
import NIOHTTP1

/// Carries calls to a control plane over HTTP. It follows no redirects.
public struct HTTPTransport: Transport {
    /// One pool of connections for all agents of a process; it lives as long as the process.
    public static let sharedClient: HTTPClient = {
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.timeout.connect = .seconds(5)
        // Every agent holds a connection that waits for commands.
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 8192
        // A call fails at once while nobody listens. Calls that wait in the pool would all be made in the moment of its return.
        configuration.connectionPool.retryConnectionEstablishment = false
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }()

    private let client: HTTPClient
    private let url: String
    private let token: String?

    /// A transport to the control plane at `url`.
    ///
    /// - Parameter token: The instance's secret, if it has one.
    public init(url: String, token: String? = nil, client: HTTPClient = HTTPTransport.sharedClient) {
        self.client = client
        self.url = url
        self.token = token
    }

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
        // Whoever calls has a limit of its own and cancels.
        let response = try await client.execute(sent, timeout: .seconds(120))
        let body = try await response.body.collect(upTo: 16 << 20)
        return ClientResponse(
            status: Int(response.status.code),
            headers: response.headers.map { ($0.name, $0.value) },
            body: ByteStream(Array(buffer: body))
        )
    }
}
