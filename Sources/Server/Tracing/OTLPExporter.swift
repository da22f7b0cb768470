#if TLS
import AsyncHTTPClient
import ContractRuntime
import CoreMetrics
import Handlers
import Logging
import NIOCore
import NIOHTTP1
import Tracing

/// Sends spans in batches to an OpenTelemetry collector, over HTTP in the JSON encoding (OpenTelemetry protocol specification, "OTLP/HTTP").
struct OTLPExporter: Sendable {
    /// The times of the exporter.
    struct Times {
        /// How long a span waits at most while the collector responds.
        var interval: Duration = .seconds(5)
        /// The time limit of a request.
        var request: Duration = .seconds(10)
        /// The first delay before a retry; it doubles with each retry.
        var retry: Duration = .seconds(1)
        /// The time limit of the last export, at the shutdown.
        var flush: Duration = .seconds(2)
    }

    /// The result of one request.
    private enum Outcome {
        /// The collector took the spans, except for this number.
        case exported(rejected: Int)
        /// The collector may take the spans later.
        case unavailable(String, after: Duration?)
        /// The collector rejects the spans.
        case failed(String)
        case cancelled
    }

    private static let client: HTTPClient = {
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.tracing.tracer = nil
        configuration.timeout.read = .seconds(10)
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }()

    /// How often a batch is sent.
    private static let attempts = 4

    let configuration: TracingConfiguration
    let queue: SpanQueue
    let resource: [(String, SpanAttribute)]
    var times = Times()
    let exported: Counter
    let dropped: Counter
    let logger: Logger

    // MARK: - Loop

    /// Exports spans until it is cancelled, then what is left within the limit for the shutdown.
    func run() async {
        // Not a child task: a shutdown must not interrupt a request, because its spans would be sent again.
        let exports = Task {
            var isFailing = false
            for await _ in queue.wakes { await exportAll(&isFailing) }
            await exportAll(&isFailing)
        }
        while (try? await Task.sleep(for: times.interval)) != nil { queue.wake() }
        queue.close()
        let limit = Task {
            try? await Task.sleep(for: times.flush)
            exports.cancel()
        }
        await exports.value
        limit.cancel()
        let rest = queue.take(atMost: .max)
        if rest.isEmpty { return }
        dropped.increment(by: rest.count)
        logger.warning("spans were not exported before the shutdown", metadata: ["spans": "\(rest.count)"])
    }

    private func exportAll(_ isFailing: inout Bool) async {
        while !Task.isCancelled {
            let spans = queue.take()
            if spans.isEmpty { return }
            let problem = await export(spans)
            // A failure and its end are logged once.
            if let problem, !isFailing {
                logger.warning("trace export failed", metadata: ["reason": "\(problem)"])
            } else if problem == nil, isFailing, !Task.isCancelled {
                logger.notice("trace export recovered")
            }
            isFailing = problem != nil
        }
    }

    /// Exports a batch. Returns the reason if it was dropped.
    private func export(_ spans: [FinishedSpan]) async -> String? {
        var delay = times.retry
        var reason = ""
        for attempt in 1...Self.attempts {
            switch await send(spans, within: times.request) {
            case .exported(let rejected):
                count(spans, rejected: rejected)
                return nil
            case .unavailable(let problem, let pause):
                reason = problem
                if attempt == Self.attempts { break }
                guard (try? await Task.sleep(for: max(pause ?? delay, delay))) != nil else {
                    queue.putBack(spans)
                    return nil
                }
                delay *= 2
            case .failed(let problem):
                dropped.increment(by: spans.count)
                return problem
            case .cancelled:
                queue.putBack(spans)
                return nil
            }
        }
        dropped.increment(by: spans.count)
        return reason
    }

    private func count(_ spans: [FinishedSpan], rejected: Int) {
        let rejected = min(max(rejected, 0), spans.count)
        exported.increment(by: spans.count - rejected)
        dropped.increment(by: rejected)
    }

    // MARK: - Requests

    private func send(_ spans: [FinishedSpan], within limit: Duration) async -> Outcome {
        var json = JSONWriter()
        OTLPRequest(resource: resource, spans: spans).write(to: &json)
        var request = HTTPClientRequest(url: configuration.url)
        request.method = .POST
        for (name, value) in configuration.headers { request.headers.replaceOrAdd(name: name, value: value) }
        request.headers.replaceOrAdd(name: "Content-Type", value: "application/json")
        request.headers.replaceOrAdd(name: "User-Agent", value: "flotilla")
        request.body = .bytes(json.bytes)
        do {
            let response = try await Self.client.execute(request, timeout: TimeAmount(limit))
            return await outcome(of: response)
        } catch {
            if Task.isCancelled { return .cancelled }
            // The description of the error may contain the URL, which may contain a secret.
            return .unavailable((error as? HTTPClientError)?.shortDescription ?? "connection failed", after: nil)
        }
    }

    private func outcome(of response: HTTPClientResponse) async -> Outcome {
        let reason = "HTTP status \(response.status.code)"
        switch response.status.code {
        case 200..<300:
            return .exported(rejected: await rejected(in: response))
        // The statuses of a temporary failure (OpenTelemetry protocol specification, "Failures").
        case 429, 502, 503, 504:
            let seconds = response.headers.first(name: "Retry-After").flatMap { Int($0) }
            return .unavailable(reason, after: seconds.map { .seconds(min(max($0, 0), 60)) })
        default: return .failed(reason)
        }
    }

    /// The number of spans that the collector took no part of, from `partialSuccess` in its response.
    private func rejected(in response: HTTPClientResponse) async -> Int {
        guard let body = try? await response.body.collect(upTo: 65_536), body.readableBytes > 2,
            let json = try? JSONValue(json: Array(buffer: body)), let partial = json["partialSuccess"]
        else { return 0 }
        switch partial["rejectedSpans"] {
        case .string(let text)?: return Int(text) ?? 0
        case .number(let number)?: return Int(number.text) ?? 0
        default: return 0
        }
    }
}
#endif
