#if !TLS
import Handlers
import Notifications

/// No clients of other services: the configuration names none (`ServerBuild`).
struct ServiceClients {
    init(_ application: Application) {}

    let messenger: any MessageSender = NoMessenger()
    let tracer: OTLPTracer? = nil
    let requestTracing: RequestTracing? = nil

    func addJobs(of api: API, to jobs: inout Jobs) {}
}

/// Delivers nothing. Without targets it is never asked to.
private struct NoMessenger: MessageSender {
    func send(_ message: Message, to target: NotificationTarget, within limit: Duration) async -> SendOutcome {
        .failed("this build of the server has no HTTP client")
    }

    func post(_ request: PushRequest, within limit: Duration) async -> PushOutcome {
        .failed("this build of the server has no HTTP client")
    }
}

extension Application {
    func certificates() throws -> (any ConnectionEncryption)? { nil }

    func clientEncryption(host: String, verifiesCertificate: Bool) throws -> ClientEncryption {
        throw ServerBuild.withoutTLS.error(for: "API_HEALTH_URL")
    }
}
#endif
