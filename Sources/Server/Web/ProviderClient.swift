#if TLS
import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import OpenID

/// Sends requests to the OpenID provider. It verifies certificates, does not follow redirects, and bounds the time and the size of a response.
struct ProviderClient: ProviderTransport {
    private static let client: HTTPClient = {
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        // Spans would contain codes and tokens.
        configuration.tracing.tracer = nil
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }()

    func send(_ request: ProviderRequest) async throws -> ProviderResponse {
        try await withThrowingTaskGroup(of: ProviderResponse.self) { group in
            group.addTask { try await Self.response(to: request) }
            // The limit of the client itself does not include the body.
            group.addTask {
                try await Task.sleep(for: ProviderLimits.time)
                throw CancellationError()
            }
            defer { group.cancelAll() }
            guard let response = try await group.next() else { throw CancellationError() }
            return response
        }
    }

    private static func response(to request: ProviderRequest) async throws -> ProviderResponse {
        var message = HTTPClientRequest(url: request.url)
        message.headers = ["Accept": "application/json", "User-Agent": "flotilla"]
        for (name, value) in request.headers { message.headers.add(name: name, value: value) }
        if let form = request.form {
            message.method = .POST
            message.headers.add(name: "Content-Type", value: "application/x-www-form-urlencoded")
            message.body = .bytes(Array(form.utf8))
        }
        let response = try await client.execute(message, timeout: TimeAmount(ProviderLimits.time))
        let body = try await response.body.collect(upTo: ProviderLimits.mostBytes)
        return ProviderResponse(status: Int(response.status.code), body: Array(buffer: body))
    }
}
#else
import OpenID

/// Sends nothing. The configuration names no provider (`ServerBuild`).
struct ProviderClient: ProviderTransport {
    func send(_ request: ProviderRequest) async throws -> ProviderResponse { throw CancellationError() }
}
#endif
