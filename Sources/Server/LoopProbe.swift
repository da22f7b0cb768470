import Handlers
import NIOCore
import NIOPosix

/// Measures once per second how long an event loop takes to run a task.
struct LoopProbe {
    let telemetry: Telemetry

    /// Runs until it is cancelled.
    func run() async {
        while (try? await Task.sleep(for: .seconds(1))) != nil {
            let asked = ContinuousClock.now
            let lag = try? await MultiThreadedEventLoopGroup.singleton.next().submit { ContinuousClock.now - asked }
                .get()
            if let lag { telemetry.recordLoopLag(lag) }
        }
    }
}
