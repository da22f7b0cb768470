import Handlers
import Logging
import Notifications

/// Shows a service outside that the checks are done: it notifies people when that ends, because then nothing here can.
struct Watchdog {
    let api: API
    /// Requested once a minute. It is a secret.
    let url: String
    let logger: Logger

    /// Pings until it is cancelled.
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
                logger.warning("the watchdog was not reached", metadata: ["outcome": "\(outcome)"])
            }
        } while (try? await Task.sleep(for: pause)) != nil
    }
}
