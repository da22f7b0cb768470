import Foundation

/// A thread with room for whatever nests as deep as the limits of the readers, the compiler and the validator allow.
///
/// The main thread has 8 MiB and a task's thread 512 KiB. The largest of those limits needs some 100 MiB in a debug build.
package enum DeepStack {
    /// What `body` answers there.
    package static func value<Value>(_ body: @escaping () -> Value) -> Value {
        let run = Run(body)
        let end = DispatchSemaphore(value: 0)
        let thread = Thread {
            run.value = run.body()
            end.signal()
        }
        thread.stackSize = 256 << 20
        thread.start()
        end.wait()
        // The semaphore is signalled after the value was set.
        return run.value!
    }

    /// Handed to the thread, and read again when it has ended: the semaphore keeps the two apart.
    private final class Run<Value>: @unchecked Sendable {
        let body: () -> Value
        var value: Value?

        init(_ body: @escaping () -> Value) {
            self.body = body
        }
    }
}
