#if TLS
import Handlers
import Logging
import NIOCore
import NIOSSL
import Notifications

/// The server's clients of other services: for notifications, the export of traces and the watchdog's URL.
struct ServiceClients {
    private let application: Application
    private let tracing: ServerTracing?

    init(_ application: Application) {
        self.application = application
        tracing = application.configuration.tracing.map {
            ServerTracing(
                $0,
                environment: application.configuration.environment,
                metrics: application.metrics,
                logger: application.logger
            )
        }
    }

    /// Delivers notifications.
    var messenger: any MessageSender { Messenger(tracer: tracer) }

    /// Makes spans, which are exported; nil without tracing.
    var tracer: OTLPTracer? { tracing?.tracer }

    /// Makes the spans of requests; nil without tracing.
    var requestTracing: RequestTracing? { tracing?.requests }

    func addJobs(of api: API, to jobs: inout Jobs) {
        if let url = application.configuration.watchdogURL {
            let watchdog = Watchdog(api: api, url: url, logger: application.logger)
            jobs.add { await watchdog.run() }
        }
        if let target = application.configuration.anchorTarget {
            jobs.add { await api.publishAnchors { await Messenger().send($0, to: target, within: .seconds(10)) } }
        }
        if let tracing { jobs.add { await tracing.exporter.run() } }
    }
}

extension Application {
    /// The certificate of both listeners; nil without TLS.
    func certificates() throws -> (any ConnectionEncryption)? {
        guard let files = configuration.tls else { return nil }
        do { return try CertificateStore(files, logger: logger) } catch {
            throw ConfigurationError(
                variable: "TLS_CERTIFICATE, TLS_KEY",
                found: "\(error)",
                expected: CertificateError.expected
            )
        }
    }

    /// Encrypts the connections of a client.
    ///
    /// - Parameter verifiesCertificate: Whether the server's certificate must be valid for the host.
    func clientEncryption(host: String, verifiesCertificate: Bool) throws -> ClientEncryption {
        var configuration = TLSConfiguration.makeClientConfiguration()
        if !verifiesCertificate { configuration.certificateVerification = .none }
        let context = try NIOSSLContext(configuration: configuration)
        // SNI needs a name; NIOSSL rejects IP addresses.
        let isName = (try? SocketAddress(ipAddress: host, port: 0)) == nil
        return { pipeline in
            try pipeline.addHandler(NIOSSLClientHandler(context: context, serverHostname: isName ? host : nil))
        }
    }
}
#endif
