import Tracing

/// The position of a span in a trace (W3C Trace Context, level 1).
struct TraceContext: Hashable, Sendable {
    /// The two halves of the trace's id; not both are 0.
    let traceID: TraceID
    /// The id of the span that is the parent of the next one; not 0.
    let spanID: UInt64
    /// Whether the spans of the trace are exported.
    let isSampled: Bool
    /// The text of `tracestate`, which is passed on unchanged; nil without one.
    var state: String?

    /// The id of a trace.
    struct TraceID: Hashable, Sendable {
        let high: UInt64
        let low: UInt64

        static func random() -> TraceID { TraceID(high: .random(in: 0 ... .max), low: .random(in: 1 ... .max)) }

        /// 32 hexadecimal digits.
        var text: String { high.hexadecimal + low.hexadecimal }
    }
}

extension TraceContext {
    /// The longest `tracestate` that is passed on (W3C Trace Context, section 3.3.1.5).
    private static let stateLimit = 512

    /// Reads `traceparent` (W3C Trace Context, section 3.2). Returns nil if it is malformed.
    init?(traceparent text: String, state: String?) {
        var parts = text.split(separator: "-", maxSplits: 4, omittingEmptySubsequences: false)[...]
        guard let version = UInt64(hexadecimal: parts.popFirst(), digits: 2), version != 0xFF,
            let id = parts.popFirst(), id.utf8.count == 32,
            let high = UInt64(hexadecimal: id.prefix(16), digits: 16),
            let low = UInt64(hexadecimal: id.suffix(16), digits: 16), high | low != 0,
            let spanID = UInt64(hexadecimal: parts.popFirst(), digits: 16), spanID != 0,
            let flags = UInt64(hexadecimal: parts.popFirst(), digits: 2),
            // Later versions may have more parts.
            version != 0 || parts.isEmpty
        else { return nil }
        traceID = TraceID(high: high, low: low)
        self.spanID = spanID
        isSampled = flags & 1 == 1
        let isUsable = state.map {
            $0.utf8.count <= Self.stateLimit && $0.utf8.allSatisfy { (0x20..<0x7F).contains($0) }
        }
        self.state = isUsable == true ? state : nil
    }

    /// The text of `traceparent`.
    var traceparent: String { "00-\(traceID.text)-\(spanID.hexadecimal)-\(isSampled ? "01" : "00")" }
}

extension ServiceContext {
    private enum TraceContextKey: ServiceContextKey {
        typealias Value = TraceContext
    }

    /// The position in a trace; nil outside of traces.
    var trace: TraceContext? {
        get { self[TraceContextKey.self] }
        set { self[TraceContextKey.self] = newValue }
    }
}

extension UInt64 {
    /// Reads a number of lowercase hexadecimal digits.
    fileprivate init?(hexadecimal text: Substring?, digits: Int) {
        guard let text, text.utf8.count == digits,
            text.utf8.allSatisfy({
                (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
                    || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0)
            })
        else { return nil }
        self.init(text, radix: 16)
    }
}
