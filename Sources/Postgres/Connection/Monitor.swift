#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Shared state that threads can wait for.
///
/// The thread that started to wait last is woken first: its data, and that of the other end of its connection, is still in the processor's
/// caches.
///
/// `@unchecked Sendable`: `state` and `sleepers` are touched only while the mutex is held.
final class Monitor<State>: @unchecked Sendable {
    private var state: State
    private var sleepers: [Sleeper] = []
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)

    init(_ state: State) {
        self.state = state
        pthread_mutex_init(mutex, nil)
    }

    deinit {
        pthread_mutex_destroy(mutex)
        mutex.deallocate()
    }

    /// Changes the state, then wakes one waiting thread, or all.
    func update<R>(wakingAll: Bool = false, _ body: (inout State) -> R) -> R {
        pthread_mutex_lock(mutex)
        let result = body(&state)
        let woken = sleepers.suffix(wakingAll ? sleepers.count : 1)
        sleepers.removeLast(woken.count)
        pthread_mutex_unlock(mutex)
        for sleeper in woken { sleeper.wake() }
        return result
    }

    /// Reads or changes the state without waking waiting threads.
    func withLock<R>(_ body: (inout State) -> R) -> R {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return body(&state)
    }

    /// Waits until `body` returns a value.
    func wait<R>(_ body: (inout State) -> R?) -> R {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while true {
            if let result = body(&state) { return result }
            let sleeper = Sleeper()
            sleepers.append(sleeper)
            sleeper.sleep(mutex)
            // The wakeup may be spurious (pthread_cond_wait(3)).
            sleepers.removeAll { $0 === sleeper }
        }
    }
}

/// A waiting thread.
private final class Sleeper {
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    init() { pthread_cond_init(condition, nil) }

    deinit {
        pthread_cond_destroy(condition)
        condition.deallocate()
    }

    func sleep(_ mutex: UnsafeMutablePointer<pthread_mutex_t>) { pthread_cond_wait(condition, mutex) }

    func wake() { pthread_cond_signal(condition) }
}
