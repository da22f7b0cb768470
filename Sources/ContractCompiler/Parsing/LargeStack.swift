import Foundation

/// Runs code on a thread whose stack is large enough for the nesting limits of the readers, the compiler and the validator.
///
/// The main thread has 8 MiB and a task's thread 512 KiB. The largest of those limits needs about 100 MiB in a debug build.
package enum LargeStack {
    /// Runs `body` on such a thread and returns its result.
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
        // The semaphore is signalled after the result is set.
        return run.value!
    }

    /// Written by the thread and read after it has ended. The semaphore orders both accesses.
    private final class Run<Value>: @unchecked Sendable {
        let body: () -> Value
        var value: Value?

        init(_ body: @escaping () -> Value) {
            self.body = body
        }
    }
}
