import Logging
import NIOHTTP1
import Tracing

/// Traces the requests of the listeners (OpenTelemetry semantic conventions, "HTTP spans").
///
/// Spans have route templates instead of paths, and neither query nor header fields, so that they contain no secrets.
struct RequestTracing: Sendable {
    /// A request to trace.
    struct Request: Sendable {
        let method: String
        let isSecure: Bool
        /// The caller's trace, if it sent one.
        let context: ServiceContext
    }

    let tracer: OTLPTracer
    private let templates = RouteTemplates()

    init(_ tracer: OTLPTracer) {
        self.tracer = tracer
    }

    /// Reads the trace of a request's caller.
    func request(_ head: HTTPRequestHead, isSecure: Bool) -> Request {
        var context = ServiceContext.topLevel
        tracer.extract(head.headers, into: &context, using: HeaderExtractor())
        return Request(method: head.method.rawValue, isSecure: isSecure, context: context)
    }

    /// Responds to a request in a span.
    func response(
        to request: Request,
        of target: some RequestTarget,
        _ respond: () async -> ServerResponse
    ) async -> ServerResponse {
        let template = target.template(in: templates)
        let name = template.map { "\(request.method) \($0)" } ?? request.method
        let span = tracer.startSpan(name, context: request.context, ofKind: .server)
        let response = await ServiceContext.withValue(span.context) { await respond() }
        if span.isRecording {
            let status = Int(response.status.code)
            span.updateAttributes { attributes in
                attributes["http.request.method"] = request.method
                attributes["http.route"] = template
                attributes["http.response.status_code"] = status
                attributes["url.scheme"] = request.isSecure ? "https" : "http"
                attributes["flotilla.request_id"] = target.id
                if status >= 500 { attributes["error.type"] = "\(status)" }
            }
            if status >= 500 { span.setStatus(SpanStatus(code: .error)) }
        }
        span.end()
        return response
    }
}

/// Reads header fields.
private struct HeaderExtractor: Extractor {
    func extract(key: String, from headers: HTTPHeaders) -> String? { headers.first(name: key) }
}

/// Adds header fields.
struct HeaderInjector: Injector {
    func inject(_ value: String, forKey key: String, into headers: inout HTTPHeaders) {
        headers.replaceOrAdd(name: key, value: value)
    }
}

extension Logger.Metadata {
    /// The metadata with the id of the current trace beside that of the request.
    var traced: Logger.Metadata {
        guard let trace = ServiceContext.current?.trace else { return self }
        return merging(["trace": "\(trace.traceID.text)"]) { own, _ in own }
    }
}
