import ContractRuntime
import Generated
import Tracing

extension API {
    /// Runs a call of the database in a span, if it belongs to a traced request or job (OpenTelemetry semantic conventions, "Database
    /// client spans").
    ///
    /// The span has the name of the statement, and neither its text nor its parameters.
    func databaseSpan<Result>(
        _ name: @autoclosure () -> String,
        _ body: () async throws(Problem) -> Result
    ) async throws(Problem) -> Result {
        guard let tracer, let context = ServiceContext.current else { return try await body() }
        let name = name()
        let attributes: SpanAttributes = ["db.system.name": "postgresql", "db.query.summary": .string(name)]
        return try await tracer.span(name, ofKind: .client, in: context, attributes, body)
    }

    /// Runs a job in a separate trace.
    func jobSpan<Result>(
        _ name: String,
        _ body: () async throws(Problem) -> Result
    ) async throws(Problem) -> Result {
        guard let tracer else { return try await body() }
        return try await tracer.span("job \(name)", ofKind: .internal, in: .topLevel, [:], body)
    }
}

extension Tracer {
    /// Runs `body` in a span. A problem becomes the span's error, by its code.
    fileprivate func span<Result>(
        _ name: String,
        ofKind kind: SpanKind,
        in context: ServiceContext,
        _ attributes: SpanAttributes,
        _ body: () async throws(Problem) -> Result
    ) async throws(Problem) -> Result {
        let span = startSpan(name, context: context, ofKind: kind)
        if span.isRecording { span.attributes = attributes }
        let result = await ServiceContext.withValue(span.context) { () async -> Swift.Result<Result, Problem> in
            do throws(Problem) { return .success(try await body()) } catch { return .failure(error) }
        }
        if case .failure(let problem) = result {
            span.updateAttributes { $0["error.type"] = problem.code }
            if problem.status >= 500 { span.setStatus(SpanStatus(code: .error)) }
        }
        span.end()
        return try result.get()
    }
}
