import Handlers
import NIOCore
import NIOPosix

/// Asks an event loop for something once a second, and keeps how long it took to come to it.
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
