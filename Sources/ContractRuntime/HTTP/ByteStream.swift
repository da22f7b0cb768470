/// Bytes that arrive over time: the body of a streamed message.
public struct ByteStream: AsyncSequence, Sendable {
    public typealias Element = [UInt8]

    private let chunks: @Sendable () -> AsyncThrowingStream<[UInt8], any Error>

    /// Creates a stream of `chunks`. They are requested on demand.
    public init(_ chunks: @escaping @Sendable () -> AsyncThrowingStream<[UInt8], any Error>) {
        self.chunks = chunks
    }

    /// Creates a stream of bytes in memory.
    public init(_ bytes: [UInt8]) {
        chunks = {
            AsyncThrowingStream { continuation in
                if !bytes.isEmpty { continuation.yield(bytes) }
                continuation.finish()
            }
        }
    }

    /// Creates a stream of the chunks that `write` makes from `elements`, one element at a time and on demand.
    init<Elements: AsyncSequence & Sendable>(
        _ elements: Elements,
        _ write: @escaping @Sendable (Elements.Element) -> [UInt8]
    ) where Elements.Element: Sendable {
        chunks = {
            let iterator = SerialIterator(elements)
            return AsyncThrowingStream { try await iterator.next().map(write) }
        }
    }

    public func makeAsyncIterator() -> AsyncThrowingStream<[UInt8], any Error>.Iterator { chunks().makeAsyncIterator() }

    /// Collects the whole stream. Throws an error if it has more than `limit` bytes.
    public func collect(upTo limit: Int) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        for try await chunk in self {
            guard bytes.count + chunk.count <= limit else {
                throw JSONSyntaxError(message: "the body is larger than \(limit) bytes", offset: limit)
            }
            bytes += chunk
        }
        return bytes
    }
}

/// Returns the elements of a sequence, one call at a time.
private actor SerialIterator<Elements: AsyncSequence & Sendable> where Elements.Element: Sendable {
    private var iterator: Elements.AsyncIterator?

    init(_ elements: Elements) {
        iterator = elements.makeAsyncIterator()
    }

    func next() async throws -> Elements.Element? {
        // Take the iterator out while it is in use, so that no second call can use it.
        guard var current = iterator.take() else { return nil }
        let element = try await current.next(isolation: self)
        iterator = current
        return element
    }
}

/// Reads one value of a stream.
public typealias JSONReading<Value> = @Sendable (inout JSONReader) throws(JSONSyntaxError) -> Value?

/// JSON texts, one per line (JSON Lines) or separated by record separators (RFC 7464).
public struct JSONLines<Element: Sendable>: AsyncSequence, Sendable {
    private let source: @Sendable () -> AsyncThrowingStream<Element, any Error>

    /// Creates a stream to send `elements`.
    public init(_ elements: @escaping @Sendable () -> AsyncThrowingStream<Element, any Error>) {
        source = elements
    }

    /// Creates a stream of the values that `value` reads from the lines of `bytes`.
    init(_ bytes: ByteStream, rule: Rule? = nil, _ value: @escaping JSONReading<Element>) {
        source = { Lines.values(of: bytes) { line in try Lines.read(line, rule, value) } }
    }

    public func makeAsyncIterator() -> AsyncThrowingStream<Element, any Error>.Iterator { source().makeAsyncIterator() }
}

extension JSONLines where Element: JSONReadable {
    /// Creates a stream of the values in the lines of `bytes`.
    init(_ bytes: ByteStream) {
        self.init(bytes) { (json: inout JSONReader) throws(JSONSyntaxError) in try Element(from: &json) }
    }
}

/// An event of `text/event-stream` (WHATWG HTML, section 9.2).
public struct ServerEvent<Payload: Sendable>: Sendable {
    /// The type of the event; nil for a message without a type.
    public var event: String?
    /// The id, which a client sends when it reconnects.
    public var id: String?
    /// The data of the event.
    public var data: Payload

    /// Creates an event.
    public init(_ data: Payload, event: String? = nil, id: String? = nil) {
        self.event = event
        self.id = id
        self.data = data
    }
}

/// Events of `text/event-stream`, with JSON data. The data `[DONE]` ends the stream.
public struct ServerEvents<Payload: Sendable>: AsyncSequence, Sendable {
    public typealias Element = ServerEvent<Payload>

    private let source: @Sendable () -> AsyncThrowingStream<Element, any Error>

    /// Creates a stream to send `elements`.
    public init(_ elements: @escaping @Sendable () -> AsyncThrowingStream<Element, any Error>) {
        source = elements
    }

    /// Creates a stream of the events in `bytes`. `value` reads their data.
    init(_ bytes: ByteStream, rule: Rule? = nil, _ value: @escaping JSONReading<Payload>) {
        source = { Lines.events(of: bytes) { data in try Lines.read(data, rule, value) } }
    }

    public func makeAsyncIterator() -> AsyncThrowingStream<Element, any Error>.Iterator { source().makeAsyncIterator() }
}

extension ServerEvents where Payload: JSONReadable {
    /// Creates a stream of the events in `bytes`.
    init(_ bytes: ByteStream) {
        self.init(bytes) { (json: inout JSONReader) throws(JSONSyntaxError) in try Payload(from: &json) }
    }
}

/// Splits streams into lines.
private enum Lines {
    /// The maximum length of a line in bytes.
    static let limit = 16 * 1024 * 1024

    static func read<Value>(_ text: [UInt8], _ rule: Rule?, _ value: JSONReading<Value>) throws -> Value {
        try JSONReader.read(text, direction: .any, rule: rule, value)
    }

    /// Decodes each line that is not empty.
    static func values<Value: Sendable>(
        of bytes: ByteStream,
        _ read: @escaping @Sendable ([UInt8]) throws -> Value
    ) -> AsyncThrowingStream<Value, any Error> {
        let lines = LineReader(bytes)
        return AsyncThrowingStream {
            while let line = try await lines.next() {
                let text = line.first == 0x1E ? Array(line.dropFirst()) : line
                if !text.allSatisfy({ $0 == 0x20 || $0 == 0x09 }) { return try read(text) }
            }
            return nil
        }
    }

    static func events<Payload: Sendable>(
        of bytes: ByteStream,
        _ read: @escaping @Sendable ([UInt8]) throws -> Payload
    ) -> AsyncThrowingStream<ServerEvent<Payload>, any Error> {
        let lines = LineReader(bytes)
        return AsyncThrowingStream {
            var fields = EventFields()
            while let line = try await lines.next() {
                if !line.isEmpty {
                    fields.add(line)
                } else if let data = fields.data {
                    if data.elementsEqual("[DONE]".utf8) { return nil }
                    return ServerEvent(try read(data), event: fields.event, id: fields.id)
                }
            }
            return nil
        }
    }
}

/// The fields of the current event.
private struct EventFields {
    var event: String?
    var id: String?
    var data: [UInt8]?

    mutating func add(_ line: [UInt8]) {
        let name = line.prefix { $0 != UInt8(ascii: ":") }
        var value = line.dropFirst(name.count + 1)
        if value.first == 0x20 { value = value.dropFirst() }
        switch String(decoding: name, as: UTF8.self) {
        case "data": data = data.map { $0 + [0x0A] + value } ?? Array(value)
        case "event": event = String(decoding: value, as: UTF8.self)
        case "id": id = String(decoding: value, as: UTF8.self)
        default: break
        }
    }
}

/// Reads the lines of a stream, without line ends.
private actor LineReader {
    private let chunks: SerialIterator<ByteStream>
    private var rest: [UInt8] = []
    private var start = 0
    private var isAtEnd = false

    init(_ bytes: ByteStream) {
        chunks = SerialIterator(bytes)
    }

    func next() async throws -> [UInt8]? {
        var searched = start
        while true {
            if let end = rest[searched...].firstIndex(of: 0x0A) {
                let line = rest[start..<end]
                start = end + 1
                return Array(line.last == 0x0D ? line.dropLast() : line)
            }
            if isAtEnd {
                defer { start = rest.count }
                return start < rest.count ? Array(rest[start...]) : nil
            }
            rest.removeFirst(start)
            start = 0
            searched = rest.count
            guard searched <= Lines.limit else {
                throw JSONSyntaxError(message: "the line is longer than \(Lines.limit) bytes", offset: searched)
            }
            if let chunk = try await chunks.next() { rest += chunk } else { isAtEnd = true }
        }
    }
}
