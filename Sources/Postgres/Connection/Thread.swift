#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// An operating system thread, for libpq's blocking calls.
enum Thread {
    /// Runs `body` on a new detached thread.
    static func start(_ body: @escaping @Sendable () -> Void) {
        var thread = pthread_t()
        let box = Unmanaged.passRetained(Body(body))
        let status = pthread_create(
            &thread,
            nil,
            { argument in
                // `start` passes a retained Body and nothing else.
                guard let argument else { return nil }
                Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run()
                return nil
            },
            box.toOpaque()
        )
        // traps: threads are started for connections, whose number the configuration limits.
        precondition(status == 0, "the system cannot create another thread")
        pthread_detach(thread)
    }

    /// Blocks the calling thread.
    static func sleep(_ duration: Duration) {
        var time = timespec()
        time.tv_sec = Int(duration.components.seconds)
        time.tv_nsec = Int(duration.components.attoseconds / 1_000_000_000)
        nanosleep(&time, nil)
    }

    private final class Body: Sendable {
        let run: @Sendable () -> Void

        init(_ run: @escaping @Sendable () -> Void) {
            self.run = run
        }
    }
}
