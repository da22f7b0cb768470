import CoreMetrics
import Handlers
import Synchronization

/// The spans that wait for their export. It is bounded: a span beyond the bound is dropped and counted, and nothing waits for room.
final class SpanQueue: Sendable {
    private struct State {
        var spans: [FinishedSpan] = []
    }

    private let capacity: Int
    private let batch: Int
    private let state = Mutex(State())
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
        let count = state.withLock { state -> Int? in
            guard state.spans.count < capacity else { return nil }
            state.spans.append(span)
            return state.spans.count
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
        state.withLock { state in
            let spans = Array(state.spans.prefix(limit ?? batch))
            state.spans.removeFirst(spans.count)
            return spans
        }
    }

    /// Returns spans whose export was interrupted.
    func putBack(_ spans: [FinishedSpan]) {
        state.withLock { $0.spans.insert(contentsOf: spans, at: 0) }
    }
}
