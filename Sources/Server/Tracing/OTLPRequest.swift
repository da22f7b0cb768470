import ContractRuntime
import Tracing

/// The body of an export in OTLP's JSON encoding (OpenTelemetry protocol specification, "JSON Protobuf Encoding").
struct OTLPRequest: JSONWritable {
    /// The attributes of this process.
    let resource: [(String, SpanAttribute)]
    let spans: [FinishedSpan]

    func write(to json: inout JSONWriter) {
        json.beginObject()
        json.member("resourceSpans", [ResourceSpans(request: self)])
        json.endObject()
    }

    private struct ResourceSpans: JSONWritable {
        let request: OTLPRequest

        func write(to json: inout JSONWriter) {
            json.beginObject()
            json.member("resource", Resource(attributes: request.resource.map { OTLPAttribute(key: $0, value: $1) }))
            json.member("scopeSpans", [ScopeSpans(spans: request.spans)])
            json.endObject()
        }
    }

    private struct Resource: JSONWritable {
        let attributes: [OTLPAttribute]

        func write(to json: inout JSONWriter) {
            json.beginObject()
            json.member("attributes", attributes)
            json.endObject()
        }
    }

    private struct ScopeSpans: JSONWritable {
        let spans: [FinishedSpan]

        func write(to json: inout JSONWriter) {
            json.beginObject()
            json.member("scope", Scope())
            json.member("spans", spans)
            json.endObject()
        }
    }

    private struct Scope: JSONWritable {
        func write(to json: inout JSONWriter) {
            json.beginObject()
            json.member("name", "flotilla")
            json.endObject()
        }
    }
}

extension FinishedSpan: JSONWritable {
    func write(to json: inout JSONWriter) {
        json.beginObject()
        json.member("traceId", trace.traceID.text)
        json.member("spanId", trace.spanID.hexadecimal)
        json.member("traceState", ifPresent: trace.state)
        json.member("parentSpanId", ifPresent: parent?.hexadecimal)
        json.member("name", name)
        json.member("kind", kind.number)
        // 64-bit numbers are strings.
        json.member("startTimeUnixNano", "\(start)")
        json.member("endTimeUnixNano", "\(end)")
        json.member("attributes", OTLPAttribute.all(attributes))
        json.member("events", events.map { OTLPEvent(event: $0) })
        json.member("links", links.compactMap { link in link.context.trace.map { OTLPLink(trace: $0, link: link) } })
        json.member("status", OTLPStatus(status: status))
        json.endObject()
    }
}

/// An attribute of a span or resource.
private struct OTLPAttribute: JSONWritable {
    /// The maximum number of attributes (OpenTelemetry specification, "Attribute limits").
    private static let limit = 128

    let key: String
    let value: SpanAttribute

    static func all(_ attributes: SpanAttributes) -> [OTLPAttribute] {
        var all: [OTLPAttribute] = []
        attributes.forEach { key, value in
            if all.count < limit { all.append(OTLPAttribute(key: key, value: value)) }
        }
        return all
    }

    func write(to json: inout JSONWriter) {
        json.beginObject()
        json.member("key", key)
        json.member("value", OTLPValue(value: value))
        json.endObject()
    }
}

private struct OTLPValue: JSONWritable {
    let value: SpanAttribute

    func write(to json: inout JSONWriter) {
        json.beginObject()
        switch value {
        case .int32(let number): json.member("intValue", "\(number)")
        case .int64(let number): json.member("intValue", "\(number)")
        case .double(let number) where number.isFinite: json.member("doubleValue", number)
        case .bool(let flag): json.member("boolValue", flag)
        case .string(let text): json.member("stringValue", text)
        case .stringConvertible(let value): json.member("stringValue", "\(value)")
        default: json.member("stringValue", "\(value)")
        }
        json.endObject()
    }
}

private struct OTLPEvent: JSONWritable {
    let event: SpanEvent

    func write(to json: inout JSONWriter) {
        json.beginObject()
        json.member("timeUnixNano", "\(event.nanosecondsSinceEpoch)")
        json.member("name", event.name)
        json.member("attributes", OTLPAttribute.all(event.attributes))
        json.endObject()
    }
}

private struct OTLPLink: JSONWritable {
    let trace: TraceContext
    let link: SpanLink

    func write(to json: inout JSONWriter) {
        json.beginObject()
        json.member("traceId", trace.traceID.text)
        json.member("spanId", trace.spanID.hexadecimal)
        json.member("attributes", OTLPAttribute.all(link.attributes))
        json.endObject()
    }
}

private struct OTLPStatus: JSONWritable {
    let status: SpanStatus?

    func write(to json: inout JSONWriter) {
        json.beginObject()
        switch status?.code {
        case .ok: json.member("code", 1)
        case .error: json.member("code", 2)
        case nil: break
        }
        json.member("message", ifPresent: status?.message)
        json.endObject()
    }
}

extension SpanKind {
    /// The number of `SpanKind` in OTLP.
    fileprivate var number: Int {
        switch self {
        case .internal: 1
        case .server: 2
        case .client: 3
        case .producer: 4
        case .consumer: 5
        }
    }
}
