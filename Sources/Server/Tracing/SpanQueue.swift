import CoreMetrics
import Handlers
import Synchronization

/// The spans that wait for their export. It is bounded: a span beyond the bound is dropped and counted, and nothing waits for room.
final class SpanQueue: Sendable {
    private let capacity: Int
    private let batch: Int
    private let spans = Mutex<[FinishedSpan]>([])
    private let dropped: Counter
    /// Yields when a batch is complete, or when `wake` is called.
    let wakes: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation

    /// - Parameters:
    ///   - capacity: The maximum number of spans.
    ///   - batch: The number of spans in a complete batch.
    ///   - dropped: Counts the spans beyond the maximum.
    init(capacity: Int = 8_192, batch: Int = 512, dropped: Counter) {
        self.capacity = capacity
        self.batch = batch
        self.dropped = dropped
        (wakes, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Adds a span, unless the queue is full.
    func add(_ span: FinishedSpan) {
        let count = spans.withLock { spans -> Int? in
            guard spans.count < capacity else { return nil }
            spans.append(span)
            return spans.count
        }
        guard let count else { return dropped.increment() }
        if count == batch { wake() }
    }

    /// Wakes the exporter.
    func wake() { continuation.yield() }

    /// Ends `wakes`.
    func close() { continuation.finish() }

    /// Removes the oldest spans.
    ///
    /// - Parameter limit: The maximum number; nil for a batch.
    func take(atMost limit: Int? = nil) -> [FinishedSpan] {
        spans.withLock { spans in
            let oldest = Array(spans.prefix(limit ?? batch))
            spans.removeFirst(oldest.count)
            return oldest
        }
    }

    /// Returns spans whose export was interrupted.
    func putBack(_ interrupted: [FinishedSpan]) {
        spans.withLock { $0.insert(contentsOf: interrupted, at: 0) }
    }
}
