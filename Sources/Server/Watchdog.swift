#if TLS
import Handlers
import Logging
import Notifications

/// Pings an external service while the checks succeed. The service notifies people when the pings stop, which this server could not do
/// itself.
struct Watchdog {
    let api: API
    /// Requested once a minute. It is a secret.
    let url: String
    let logger: Logger

    /// Sends pings until it is cancelled.
    func run() async {
        var hasFailed = false
        var pause: Duration
        repeat {
            pause = .seconds(2)
            guard await api.areChecksDone() else { continue }
            pause = .seconds(60)
            let outcome = await Messenger().ping(url, within: .seconds(10))
            if outcome == .sent {
                hasFailed = false
            } else if !hasFailed {
                hasFailed = true
                logger.warning("the watchdog could not be reached", metadata: ["outcome": "\(outcome)"])
            }
        } while (try? await Task.sleep(for: pause)) != nil
    }
}
#endif
