import Synchronization

/// Wakes one waiting task. A signal that comes while nobody waits is kept for the next one who does.
final class Signal: Sendable {
    private struct State {
        var isSet = false
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    func set() {
        let waiter = state.withLock { state in
            guard let waiter = state.waiter.take() else {
                state.isSet = true
                return nil as CheckedContinuation<Void, Never>?
            }
            return waiter
        }
        waiter?.resume()
    }

    /// Waits for a signal, for at most so long; throws when the task is cancelled.
    func wait(atMost limit: Duration) async throws {
        let timer = Task {
            try await Task.sleep(for: limit)
            set()
        }
        defer { timer.cancel() }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isSet = state.withLock { state in
                    if state.isSet || Task.isCancelled {
                        state.isSet = false
                        return true
                    }
                    state.waiter = continuation
                    return false
                }
                if isSet { continuation.resume() }
            }
        } onCancel: {
            set()
        }
        try Task.checkCancellation()
    }
}
