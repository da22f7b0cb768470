import Synchronization

/// Wakes one waiting task. If no task is waiting, the signal is kept for the next `wait`.
final class Signal: Sendable {
    private struct State {
        var isSet = false
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    /// Wakes the waiting task, or keeps the signal.
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

    /// Waits for a signal, for at most `limit`. Throws when the task is cancelled.
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
